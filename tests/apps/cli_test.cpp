#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "attention/checkpoint/safetensors.h"
#include "tests/apps/process.h"
#include "tests/apps/tiny_vit.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

// A model "vit" and a folder "p" of 11 pictures, of which "p/bad.png" is none.
class Cli : public testing::Test {
 protected:
  Cli() {
    write_tiny_vit(folder, "vit");
    for (int i = 0; i < 10; ++i)
      folder.write("p/" + std::to_string(i) + ".ppm", ppm(20 + 3 * i, 30 - 2 * i, i));
    folder.write("p/bad.png", "this is no picture");
  }
  Outcome run(const std::string& line) const { return shell(folder, line); }

  TestFolder folder;
};

std::vector<Json> lines_of(const std::string& ndjson) {
  std::vector<Json> records;
  std::istringstream lines(ndjson);
  for (std::string line; std::getline(lines, line);) records.push_back(Json::parse(line));
  return records;
}

TEST_F(Cli, ClassifyText) {
  const Outcome outcome = run("$fovea classify p/3.ppm -m vit -k 2");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  std::istringstream lines(outcome.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "p/3.ppm  29×24  vit");
  std::vector<double> scores;
  while (std::getline(lines, line)) {
    EXPECT_EQ(line.substr(0, 4), "  0.");
    scores.push_back(std::stod(line));
  }
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_GE(scores[0], scores[1]);
}

TEST_F(Cli, JsonOfOnePictureFollowsTheSchema) {
  const Outcome outcome = run("$fovea classify p/3.ppm -m vit --json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const Json record = Json::parse(outcome.out);
  EXPECT_EQ(record.at("schema"), "fovea.result/1");
  EXPECT_EQ(record.at("task"), "classify");
  EXPECT_EQ(
      record.at("input"),
      Json({{"source", "p/3.ppm"}, {"index", 0}, {"width", 29}, {"height", 24}, {"exif_orientation", 1}}));
  EXPECT_EQ(record.at("model").at("id"), "vit");
  EXPECT_EQ(record.at("model").at("task"), "image-classification");
  ASSERT_EQ(record.at("labels").size(), 5u);
  double sum = 0;
  for (const Json& label : record.at("labels")) sum += label.at("score").get<double>();
  EXPECT_NEAR(sum, 1, 1e-5);
  for (const char* step : {"decode", "preprocess", "infer", "postprocess"})
    EXPECT_GE(record.at("timing_ms").at(step).get<double>(), 0) << step;
}

TEST_F(Cli, FolderKeepsItsOrderAndOneRecordAnInput) {
  const Outcome outcome = run("$fovea classify p -m vit --format ndjson");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("fovea: p/bad.png: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("fovea: 1 of 11 inputs failed; "), std::string::npos) << outcome.err;
  const std::vector<Json> records = lines_of(outcome.out);
  ASSERT_EQ(records.size(), 11u);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(records[static_cast<size_t>(i)].at("input").at("source"), "p/" + std::to_string(i) + ".ppm");
    EXPECT_EQ(records[static_cast<size_t>(i)].at("input").at("index"), i);
  }
  EXPECT_EQ(records[10].at("error").at("code"), "unsupported_format");
  EXPECT_FALSE(records[10].contains("labels"));
}

TEST_F(Cli, ThreadsAndBatchChangeNoByte) {
  const Outcome first = run("$fovea embed p -m vit --format csv --threads 1 --batch 1");
  EXPECT_EQ(first.code, 3);
  EXPECT_EQ(std::count(first.out.begin(), first.out.end(), '\n'), 11);  // the header and 10 pictures
  EXPECT_TRUE(first.out.starts_with("source,embedding_0,embedding_1,")) << first.out;
  for (const char* options : {"--threads 2 --batch 3", "--threads 7 --batch 16", "--threads 3"})
    EXPECT_EQ(run("$fovea embed p -m vit --format csv " + std::string(options)).out, first.out) << options;
}

TEST_F(Cli, WaysToNameInputsAgree) {
  const std::string rows = run("$fovea classify p/0.ppm p/1.ppm -m vit --format csv").out;
  EXPECT_TRUE(rows.starts_with("source,rank,label,class_id,score\np/0.ppm,1,")) << rows;
  for (const char* line :
       {"$fovea classify 'p/[01].ppm' -m vit --format csv",
        "printf 'p/0.ppm\\np/1.ppm\\n' | $fovea classify --files-from - -m vit --format csv",
        "printf 'p/0.ppm\\0p/1.ppm\\0' | $fovea classify --files-from - -0 -m vit --format csv",
        "FOVEA_MODEL=vit $fovea classify --format csv -- p/0.ppm p/1.ppm"})
    EXPECT_EQ(run(line).out, rows) << line;
  const Json piped = Json::parse(run("$fovea embed - -m vit --json <p/0.ppm").out);
  const Json named = Json::parse(run("$fovea embed p/0.ppm -m vit --json").out);
  EXPECT_EQ(piped.at("input").at("source"), "-");
  EXPECT_EQ(piped.at("embedding"), named.at("embedding"));
  EXPECT_EQ(named.at("embedding").size(), 16u);
}

TEST_F(Cli, NamesThatLookLikeSomethingElse) {
  folder.write("[a,b]", ppm(8, 8, 1));
  folder.write("-x.ppm", ppm(8, 8, 1));
  EXPECT_EQ(run("$fovea classify -m vit '[a,b]'").code, 0);
  EXPECT_EQ(run("$fovea classify -m vit -- -x.ppm").code, 0);
  EXPECT_EQ(run("$fovea classify -m vit -x.ppm").code, 2);
}

TEST_F(Cli, JsonArrayOfAFolder) {
  const Json array = Json::parse(run("$fovea classify p -m vit --json").out);
  ASSERT_TRUE(array.is_array());
  EXPECT_EQ(array.size(), 11u);
  EXPECT_EQ(Json::parse(run("$fovea classify --files-from - -m vit --json </dev/null").out), Json::array());
}

TEST_F(Cli, OnErrorFailStopsThere) {
  const Outcome outcome =
      run("$fovea classify p/0.ppm p/missing.jpg p/1.ppm -m vit --format ndjson --on-error fail");
  EXPECT_EQ(outcome.code, 3);
  const std::vector<Json> records = lines_of(outcome.out);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[0].contains("labels"));
  EXPECT_EQ(records[1].at("error").at("code"), "not_found");
}

TEST_F(Cli, LocaleChangesNoNumber) {
  const std::string plain = run("$fovea embed p/0.ppm -m vit --format csv").out;
  for (const char* locale : {"tr_TR.UTF-8", "de_DE.UTF-8"})
    EXPECT_EQ(run("LC_ALL=" + std::string(locale) + " $fovea embed p/0.ppm -m vit --format csv").out, plain);
}

TEST_F(Cli, ModelThatCannotBeUsed) {
  folder.write("broken/config.json", "{");
  folder.write("empty/readme", "");
  for (const char* model : {"none", "empty", "broken"}) {
    const Outcome outcome = run("$fovea classify p/0.ppm -m " + std::string(model));
    EXPECT_EQ(outcome.code, 4) << model;
    EXPECT_TRUE(outcome.err.starts_with("fovea: ")) << outcome.err;
    EXPECT_NE(outcome.err.find(model), std::string::npos) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Cli, EnvironmentThatIsWrongIsAUsageError) {
  EXPECT_EQ(run("FOVEA_ISA=mmx $fovea classify p/0.ppm -m vit").code, 2);
  EXPECT_EQ(run("FOVEA_ISA=mmx $fovea version").code, 2);
  EXPECT_EQ(run("FOVEA_THREADS=many $fovea classify p/0.ppm -m vit").code, 2);
}

TEST_F(Cli, ASignalEndsAVerbThatHasNothingToSave) {
  const Outcome outcome = run("$fovea bench -m vit --runs 1000000 & pid=$!; sleep 0.3; kill $pid; wait $pid");
  EXPECT_EQ(outcome.code, 143);
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Cli, ProgressIsForTerminals) {
  EXPECT_EQ(run("$fovea classify p/0.ppm -m vit -q").err, "");
  EXPECT_NE(run("$fovea classify p/0.ppm -m vit --progress plain").err.find("classify  1/1  100 %"),
            std::string::npos);
}

TEST_F(Cli, ModelsShow) {
  const Outcome text = run("$fovea models show vit");
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("ViTForImageClassification"), std::string::npos) << text.out;
  EXPECT_EQ(run("$fovea models show -m vit").out, text.out);
  const Json shown = Json::parse(run("$fovea models show vit --json").out);
  int64_t parameters = 0;
  for (const auto& [name, value] : tiny_vit_parameters(16, 24, 5)) parameters += value.count();
  EXPECT_EQ(shown.at("parameters"), parameters);
  EXPECT_EQ(shown.at("labels").at(2), "car, red");
  EXPECT_FALSE(shown.at("recipe").empty());
}

TEST_F(Cli, RunWritesTheOutputsAndNothingOverAFile) {
  save_safetensors(folder / "in.st", {{"pixel_values", made_up({2, 3, 16, 16}, 0, 1)}});
  const Outcome first = run("$fovea run -m vit --input in.st --output out.st --all");
  EXPECT_EQ(first.code, 0) << first.err;
  const Safetensors out(folder / "out.st");
  EXPECT_EQ(out.shape("logits"), (Shape{2, 5}));
  for (const char* name : {"hidden_states.0", "hidden_states.1", "attentions.0"})
    EXPECT_TRUE(out.has(name)) << name;
  EXPECT_NE(first.out.find("logits  "), std::string::npos) << first.out;

  const std::string before = read_file(folder / "out.st");
  const Outcome again = run("$fovea run -m vit --input in.st --output out.st");
  EXPECT_EQ(again.code, 2);
  EXPECT_TRUE(again.err.starts_with("fovea: out.st: is there already; ")) << again.err;
  EXPECT_EQ(read_file(folder / "out.st"), before);
  EXPECT_EQ(run("$fovea run -m vit --input in.st --output out.st --force").code, 0);
  EXPECT_FALSE(Safetensors(folder / "out.st").has("attentions.0"));
}

TEST_F(Cli, RunRefusesOtherInputs) {
  save_safetensors(folder / "other.st", {{"pixels", made_up({1, 3, 16, 16}, 0, 1)}});
  save_safetensors(folder / "flat.st", {{"pixel_values", made_up({3, 16, 16}, 0, 1)}});
  for (const char* name : {"other.st", "flat.st", "none.st"}) {
    const Outcome outcome = run("$fovea run -m vit --output o.st --input " + std::string(name));
    EXPECT_EQ(outcome.code, 3) << name;
    EXPECT_NE(outcome.err.find(name), std::string::npos) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "o.st"));
  }
}

TEST_F(Cli, BenchReportsWhatItMeasured) {
  std::filesystem::remove(folder / "vit/model.safetensors");
  const Outcome outcome =
      run("$fovea bench -m vit --random-weights --batch 2 --size 32x48 --threads 2 --runs 3 --json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const Json report = Json::parse(outcome.out);
  EXPECT_EQ(report.at("batch"), 2);
  EXPECT_EQ(report.at("height"), 32);
  EXPECT_EQ(report.at("width"), 48);
  EXPECT_EQ(report.at("threads"), 2);
  EXPECT_EQ(report.at("runs"), 3);
  for (const char* part : {"preprocess_ms", "forward_ms"}) {
    EXPECT_GT(report.at(part).at("median").get<double>(), 0);
    EXPECT_GE(report.at(part).at("p90").get<double>(), report.at(part).at("median").get<double>());
  }
  EXPECT_NEAR(report.at("images_per_second").get<double>(),
              2000 / report.at("forward_ms").at("median").get<double>(), 1e-6);
  EXPECT_GT(report.at("peak_rss_mb").get<double>(), 1);
}

TEST_F(Cli, OutputThatBreaksOff) {
  EXPECT_EQ(run("$fovea classify p/0.ppm -m vit >/dev/full").code, 1);
  const Outcome piped = run("{ $fovea embed p -m vit --format ndjson; echo $? >code; } | head -n 1");
  EXPECT_EQ(lines_of(piped.out).size(), 1u);
  EXPECT_EQ(piped.err.find("internal"), std::string::npos) << piped.err;
}

// One name in, its result out, while the pipe of names stays open; then a signal.
TEST_F(Cli, InterruptionDrainsAndFlushes) {
  for (int signal : {SIGINT, SIGTERM}) {
    int names[2], results[2];
    ASSERT_EQ(pipe(names), 0);
    ASSERT_EQ(pipe(results), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      dup2(names[0], STDIN_FILENO);
      dup2(results[1], STDOUT_FILENO);
      for (int fd : {names[0], names[1], results[0], results[1]}) close(fd);
      const std::string model = folder / "vit";
      execl(FOVEA_BINARY_DIR "/apps/fovea", "fovea", "classify", "--files-from", "-", "--json", "-m",
            model.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    close(names[0]);
    close(results[1]);
    const std::string name = (folder / "p/0.ppm") + "\n";
    ASSERT_EQ(write(names[1], name.data(), name.size()), static_cast<ssize_t>(name.size()));
    std::string out;
    char piece[4096];
    while (out.find("timing_ms") == std::string::npos) {  // the result is out before the next name is in
      const ssize_t count = read(results[0], piece, sizeof piece);
      ASSERT_GT(count, 0);
      out.append(piece, static_cast<size_t>(count));
    }
    kill(child, signal);
    for (ssize_t count; (count = read(results[0], piece, sizeof piece)) > 0;)
      out.append(piece, static_cast<size_t>(count));
    int status = 0;
    waitpid(child, &status, 0);
    close(names[1]);
    close(results[0]);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 128 + signal);
    EXPECT_EQ(Json::parse(out).size(), 1u) << out;  // the array is closed
  }
}

}  // namespace
}  // namespace fovea
