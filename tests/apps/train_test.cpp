#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "attention/base/rng.h"
#include "attention/checkpoint/safetensors.h"
#include "tests/apps/process.h"
#include "tests/apps/tiny_vit.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

// A picture of one colour with some noise.
std::string colour_ppm(const std::array<int, 3>& colour, uint64_t seed) {
  std::string bytes = "P6\n16 16\n255\n";
  Rng rng(seed);
  for (int i = 0; i < 16 * 16 * 3; ++i)
    bytes += static_cast<char>(colour[static_cast<size_t>(i % 3)] + static_cast<int>(rng.next() % 41) - 20);
  return bytes;
}

// "data/train" and "data/test" with three classes that are easy to tell apart; "vit/config.json".
class Train : public testing::Test {
 protected:
  Train() {
    write_tiny_vit(folder, "vit");
    write_split("train", 12);
    write_split("test", 4);
  }
  void write_split(const std::string& split, int each) const {
    const std::map<std::string, std::array<int, 3>> classes = {
        {"blue", {30, 30, 200}}, {"green", {30, 200, 30}}, {"red", {200, 30, 30}}};
    uint64_t seed = split.size();
    for (const auto& [name, colour] : classes)
      for (int i = 0; i < each; ++i)
        folder.write("data/" + split + "/" + name + "/" + std::to_string(i) + ".ppm",
                     colour_ppm(colour, ++seed));
  }
  Outcome run(const std::string& line) const { return shell(folder, line); }
  Outcome train(const std::string& options) const { return run(kTrain + options); }
  std::string text(const std::string& name) const { return read_file(folder / name); }
  // All but the timing columns.
  std::string metrics(const std::string& name) const {
    return run("cut -d, -f1-7 " + name + "/metrics.csv").out;
  }

  const std::string kTrain = "$fovea train classify --data data -m vit/config.json --batch 8 ";
  TestFolder folder;
};

std::vector<std::vector<double>> numbers_of(const std::string& table) {
  std::vector<std::vector<double>> rows;
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    rows.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');)
      rows.back().push_back(field.empty() ? NAN : std::stod(field));
  }
  return rows;
}

TEST_F(Train, LearnsWhatIsEasy) {
  const Outcome outcome = train("-o run --epochs 5 --label-smoothing 0");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto rows = numbers_of(text("run/metrics.csv"));
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_LT(rows[4][3], rows[0][3] / 2);
  EXPECT_EQ(rows[4][4], 1);  // accuracy in training
  EXPECT_EQ(rows[4][6], 1);  // and of what is held out
  EXPECT_EQ(rows[4][1], 5 * (36 / 8));
  EXPECT_EQ(text("run/curves.png").substr(1, 3), "PNG");

  const Json record = Json::parse(text("run/training.json"));
  EXPECT_EQ(record.at("pictures"), Json({{"blue", 12}, {"green", 12}, {"red", 12}}));
  EXPECT_EQ(record.at("options").at("--epochs"), "5");
  EXPECT_EQ(record.at("held_out").at("split"), "test");

  const Outcome classified = run("$fovea classify data/test/green/1.ppm -m run -k 3 --json");
  ASSERT_EQ(classified.code, 0) << classified.err;
  const Json labels = Json::parse(classified.out).at("labels");
  ASSERT_EQ(labels.size(), 3u);
  EXPECT_EQ(labels[0].at("label"), "green");
}

TEST_F(Train, SameBitsForAnyThreadCount) {
  const std::string options =
      "--epochs 2 --ema 0.9 --mixup 0.2 --cutmix 1 --rand-augment 2,9 --random-erasing 0.5 --hue 0.1 "
      "--padding reflect ";
  ASSERT_EQ(train(options + "--threads 1 -o one").code, 0);
  ASSERT_EQ(train(options + "--threads 2 -o two").code, 0);
  EXPECT_EQ(text("one/model.safetensors"), text("two/model.safetensors"));
  EXPECT_EQ(metrics("one"), metrics("two"));
  const Json asked = Json::parse(text("one/training.json")).at("options");
  EXPECT_EQ(asked.at("--hue"), "0.1");
  EXPECT_EQ(asked.at("--padding"), "reflect");
  EXPECT_EQ(train(options + "--padding black -o black").code, 2);  // twice
  ASSERT_EQ(
      train("--epochs 2 --ema 0.9 --mixup 0.2 --cutmix 1 --rand-augment 2,9 --random-erasing 0.5 -o plain")
          .code,
      0);
  EXPECT_NE(text("one/model.safetensors"), text("plain/model.safetensors"));
  const Outcome wide = train("--crop-padding 16 --padding reflect -o wide");
  EXPECT_EQ(wide.code, 2);
  EXPECT_NE(wide.err.find("pad 16 cannot be reflected"), std::string::npos) << wide.err;
}

TEST_F(Train, MuonLearnsTheSameOnAnyThreads) {
  const std::string options = "--epochs 5 --optimizer muon --lr 0.01 --label-smoothing 0 ";
  ASSERT_EQ(train(options + "--threads 1 -o one").code, 0);
  ASSERT_EQ(train(options + "--threads 3 -o three").code, 0);
  EXPECT_EQ(text("one/model.safetensors"), text("three/model.safetensors"));
  const auto rows = numbers_of(text("one/metrics.csv"));
  EXPECT_LT(rows[4][3], rows[0][3] / 2);
  EXPECT_EQ(rows[4][6], 1);
  EXPECT_EQ(Json::parse(text("one/training.json")).at("options").at("--optimizer"), "muon");
}

TEST_F(Train, KilledAtAnyMomentItGoesOnAsIfNothingHadHappened) {
  const std::string options =
      "--epochs 30 --ema 0.9 --clip-norm 1 --mixup 0.2 --optimizer adamw --lr 0.01 --checkpoint-steps 3 ";
  ASSERT_EQ(train(options + "-o whole").code, 0);
  // Each time it is killed somewhere else; from nothing at first, then from wherever it was.
  for (const char* seconds : {"0.03", "0.07", "0.11", "0.19", "0.05"})
    run(kTrain + options + "-o cut --resume & pid=$!; sleep " + seconds + "; kill -9 $pid; wait $pid");
  const Outcome last = train(options + "-o cut --resume --threads 1");
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
  EXPECT_EQ(metrics("whole"), metrics("cut"));
  const Outcome again = train(options + "-o cut --resume");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
}

TEST_F(Train, AnInterruptSavesAndSaysHowToGoOn) {
  ASSERT_EQ(train("--epochs 120 -o whole --checkpoint-minutes 1000").code, 0);
  for (const auto& [signal, code] : {std::pair{"INT", 130}, std::pair{"TERM", 143}}) {
    const Outcome stopped =
        run("rm -rf cut; " + kTrain + "--epochs 120 -o cut --checkpoint-minutes 1000 -q & pid=$!\n" +
            "while [ ! -e cut/metrics.csv ]; do sleep 0.01; done; kill -" + signal + " $pid; wait $pid");
    ASSERT_EQ(stopped.code, code) << stopped.err;
    EXPECT_NE(stopped.err.find("go on with: fovea train classify"), std::string::npos) << stopped.err;
    EXPECT_NE(stopped.err.find("--resume\n"), std::string::npos) << stopped.err;
  }
  EXPECT_EQ(train("--epochs 120 -o cut --resume --checkpoint-minutes 1000").code, 0);
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
}

TEST_F(Train, ARunIsNotOverwrittenNorResumedAsAnother) {
  ASSERT_EQ(train("--epochs 1 -o run").code, 0);
  const std::string model = text("run/model.safetensors");
  const Outcome there = train("--epochs 1 -o run");
  EXPECT_EQ(there.code, 2);
  EXPECT_NE(there.err.find("fovea: run: is there already; "), std::string::npos) << there.err;
  const Outcome other = train("--epochs 1 -o run --resume --lr 0.2");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("--lr was 0.1 and is 0.2"), std::string::npos) << other.err;
  const Outcome varied = train("--epochs 1 -o run --resume --cutout 4");
  EXPECT_EQ(varied.code, 2);
  EXPECT_NE(varied.err.find("--cutout was 0 and is 4"), std::string::npos) << varied.err;
  folder.write("data/train/red/new.ppm", colour_ppm({200, 30, 30}, 99));
  const Outcome data = train("--epochs 1 -o run --resume");
  EXPECT_EQ(data.code, 2);
  EXPECT_NE(data.err.find("the data set has changed"), std::string::npos) << data.err;
  EXPECT_EQ(text("run/model.safetensors"), model);
  EXPECT_EQ(train("--epochs 1 -o run --force --seed 5").code, 0);
  EXPECT_NE(text("run/model.safetensors"), model);
}

TEST_F(Train, TwoRunsDoNotShareAFolder) {
  const std::string line = kTrain + "--epochs 1000 -o run --checkpoint-steps 1 -q";
  const Outcome second =
      run(line + " & pid=$!; while [ ! -e run/training_state.safetensors ]; do sleep 0.01; done; " + line +
          " --resume; code=$?; kill -9 $pid; wait $pid; exit $code");
  EXPECT_EQ(second.code, 2);
  EXPECT_NE(second.err.find("run: another run is writing there;"), std::string::npos) << second.err;
}

TEST_F(Train, ARunDoesNotSpoilWhatItIsMadeOf) {
  ASSERT_EQ(train("--epochs 1 -o run").code, 0);
  const std::string config = text("run/config.json");
  std::string other = text("vit/config.json");
  other.replace(other.find("\"num_hidden_layers\": "), 22, "\"num_hidden_layers\": 2");
  folder.write("vit/config.json", other);
  const Outcome resumed = train("--epochs 1 -o run --resume");
  EXPECT_EQ(resumed.code, 2);
  EXPECT_NE(resumed.err.find("the model's config has changed"), std::string::npos) << resumed.err;
  EXPECT_EQ(text("run/config.json"), config);

  const Outcome itself = run("$fovea train classify --data data -m run --epochs 1 -o run --force");
  EXPECT_EQ(itself.code, 2);
  EXPECT_EQ(itself.err, "fovea: run: is the model to go on from, and would be lost; choose another -o\n");
  const Outcome inside = run("$fovea train classify --data data/train -m run --epochs 1 -o data/train/new");
  EXPECT_EQ(inside.code, 2);
  EXPECT_NE(inside.err.find("lies in the data"), std::string::npos) << inside.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "data/train/new"));
  for (const std::string seed : {"-5", "99999999999999999999", "1.5", "x"})
    EXPECT_EQ(train("--epochs 1 -o seeded --seed " + seed).code, 2) << seed;
}

TEST_F(Train, ALossThatIsNoNumberEndsIt) {
  ASSERT_EQ(train("--epochs 2 -o run").code, 0);
  const std::string model = text("run/model.safetensors");
  const Outcome outcome = train("--epochs 2 -o wild --lr 1e12");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("not finite in epoch 1, step "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("lower --lr or add --clip-norm"), std::string::npos) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "wild/model.safetensors"));
  EXPECT_EQ(train("--epochs 2 -o run --force --lr 1e12").code, 2);
  EXPECT_EQ(train("--epochs 2 -o run --force --rand-augment 2,99").code, 2);
  EXPECT_EQ(train("--epochs 2 -o run --force --mixup nan").code, 2);
  EXPECT_EQ(text("run/model.safetensors"), model);
}

TEST_F(Train, ACorruptPictureIsNamedAndSkipped) {
  folder.write("data/train/red/bad.png", "this is no picture");
  folder.write("data/test/red/worse.png", "this is none either");
  const Outcome skipped = run(kTrain.substr(0, kTrain.find("--batch")) + "--epochs 2 -o run --batch 37");
  EXPECT_EQ(skipped.code, 3) << skipped.err;
  EXPECT_NE(skipped.err.find("data/train/red/bad.png"), std::string::npos) << skipped.err;
  EXPECT_NE(skipped.err.find("data/test/red/worse.png"), std::string::npos) << skipped.err;
  EXPECT_NE(skipped.err.find("2 pictures could not be read"), std::string::npos) << skipped.err;
  EXPECT_EQ(numbers_of(text("run/metrics.csv")).size(), 2u);
  const Outcome stopped =
      run(kTrain.substr(0, kTrain.find("--batch")) + "--epochs 2 -o other --batch 37 --on-error fail");
  EXPECT_EQ(stopped.code, 3);
  EXPECT_NE(stopped.err.find("data/train/red/bad.png"), std::string::npos) << stopped.err;
}

TEST_F(Train, HeldOutPicturesOfWhichNoneCanBeReadMeasureNothing) {
  ASSERT_EQ(train("--epochs 1 -o base").code, 0);
  folder.write("data/train/red/bad.png", "this is no picture");
  std::filesystem::remove_all(folder / "data/test");
  folder.write("data/test/red/worse.png", "this is none either");
  for (const std::string how : {"-m vit/config.json", "-m base --freeze backbone"}) {
    const Outcome outcome =
        run("$fovea train classify --data data --epochs 2 --batch 37 -o run --force " + how);
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_NE(outcome.err.find("data/train/red/bad.png"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("data/test/red/worse.png"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find("held out:"), std::string::npos) << outcome.err;
    const auto rows = numbers_of(text("run/metrics.csv"));
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_GT(rows[1][3], 0);
    EXPECT_TRUE(std::isnan(rows[1][5]) && std::isnan(rows[1][6])) << text("run/metrics.csv");
    EXPECT_TRUE(std::filesystem::exists(folder / "run/model.safetensors"));
  }
}

TEST_F(Train, DataThatTeachNothing) {
  std::filesystem::create_directories(folder / "data/train/yellow");
  const Outcome empty = train("-o run");
  EXPECT_EQ(empty.code, 2);
  EXPECT_NE(empty.err.find("yellow"), std::string::npos) << empty.err;
  folder.write("one/red/1.ppm", ppm(16, 16, 1));
  const Outcome one = run("$fovea train classify --data one -m vit/config.json -o run");
  EXPECT_EQ(one.code, 2);
  EXPECT_NE(one.err.find("fovea: one: has one class only, 'red'; "), std::string::npos) << one.err;
  for (const std::string name : {"new\nline", "latin \xe9t\xe9"}) {
    std::filesystem::copy(folder / "data", folder / "odd", std::filesystem::copy_options::recursive);
    std::filesystem::remove(folder / "odd/train/yellow");
    folder.write("odd/train/" + name + "/1.ppm", ppm(16, 16, 1));
    const Outcome odd = run("$fovea train classify --data odd -m vit/config.json -o run");
    EXPECT_EQ(odd.code, 2);
    EXPECT_NE(odd.err.find("fovea: odd: the folder of class '"), std::string::npos) << odd.err;
    EXPECT_EQ(std::ranges::count(odd.err, '\n'), 1) << odd.err;
    std::filesystem::remove_all(folder / "odd");
  }
  const Outcome none = run("$fovea train classify --data nowhere -m vit/config.json -o run");
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("nowhere"), std::string::npos) << none.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_F(Train, AFrozenBackboneStaysAndTheClassifierLearns) {
  ASSERT_EQ(train("--epochs 3 -o base").code, 0);
  // Other names for the same: a classifier that is drawn anew.
  ASSERT_EQ(run("mkdir other && cp -r data/train/blue other/sky && cp -r data/train/red other/fire").code, 0);
  const std::string line =
      "$fovea train classify --data other -m base --freeze backbone --epochs 20 --lr 0.05 --batch 8 -o run";
  const Outcome outcome = run(line);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("each picture goes through the network once"), std::string::npos) << outcome.err;
  EXPECT_EQ(numbers_of(text("run/metrics.csv")).back()[6], 1);
  const Safetensors before(folder / "base/model.safetensors"), after(folder / "run/model.safetensors");
  int same = 0;
  for (const std::string& name : after.names()) {
    if (name.starts_with("classifier.")) continue;
    EXPECT_TRUE(std::ranges::equal(before.bytes(name), after.bytes(name))) << name;
    ++same;
  }
  EXPECT_GT(same, 10);
  // With augmentation every picture goes through the network each time, and the backbone stays as well.
  const Outcome varied = run(line + "2 --flip 0.5");
  ASSERT_EQ(varied.code, 0) << varied.err;
  EXPECT_EQ(varied.err.find("each picture goes through"), std::string::npos) << varied.err;
  const Outcome unknown = run("$fovea train classify --data other -m base --freeze hed -o run3");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("did you mean 'head'?"), std::string::npos) << unknown.err;
}

// Pictures whose folders say the wrong class, and a teacher that knows better.
TEST_F(Train, ATeacherIsBelievedAsMuchAsItsWeightSays) {
  ASSERT_EQ(train("--epochs 8 -o teacher").code, 0);
  ASSERT_EQ(
      run("cp -r data lies && cd lies/train && mv blue b && mv green blue && mv red green && mv b red").code,
      0);
  const std::string line =
      "$fovea train classify --data lies -m vit/config.json --batch 8 --epochs 8 --label-smoothing 0 "
      "--teacher teacher -o ";
  const Outcome told = run(line + "told --teacher-weight 1 --temperature 3");
  ASSERT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(numbers_of(text("told/metrics.csv")).back()[4], 0);  // as the folders say
  EXPECT_EQ(numbers_of(text("told/metrics.csv")).back()[6], 1);  // of what is held out
  const Outcome untold = run(line + "untold --teacher-weight 0");
  ASSERT_EQ(untold.code, 0) << untold.err;
  EXPECT_EQ(numbers_of(text("untold/metrics.csv")).back()[4], 1);
  EXPECT_EQ(numbers_of(text("untold/metrics.csv")).back()[6], 0);
}

TEST_F(Train, ATeacherIsAskedOnceAndARunGoesOnWithTheSameOne) {
  ASSERT_EQ(train("--epochs 3 -o teacher").code, 0);
  ASSERT_EQ(train("--epochs 3 --seed 1 -o other").code, 0);
  const std::string options =
      "--epochs 30 --mixup 0.2 --teacher teacher --optimizer adamw --checkpoint-steps 3 --progress plain ";
  const Outcome whole = train(options + "-o whole");
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_NE(whole.err.find("teacher  36/36"), std::string::npos) << whole.err;
  for (const char* seconds : {"0.05", "0.1", "0.15"})
    run(kTrain + options + "-o cut --resume & pid=$!; sleep " + seconds + "; kill -9 $pid; wait $pid");
  while (!std::filesystem::exists(folder / "cut/training_state.safetensors"))
    run(kTrain + options + "-o cut --resume & pid=$!; sleep 0.3; kill -9 $pid; wait $pid");
  const Outcome last = train(options + "-o cut --resume --threads 1");
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(last.err.find("teacher  36/36"), std::string::npos) << last.err;
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
  EXPECT_EQ(metrics("whole"), metrics("cut"));

  ASSERT_EQ(run("cp other/model.safetensors teacher/").code, 0);
  const Outcome changed = train(options + "-o cut --resume");
  EXPECT_EQ(changed.code, 2);
  EXPECT_NE(changed.err.find("the teacher has changed"), std::string::npos) << changed.err;
}

TEST_F(Train, ASizeThatTheModelCannotTakeIsSaid) {
  ASSERT_EQ(train("--epochs 1 -o base").code, 0);
  for (const char* how : {" --flip 0.5", " --freeze backbone"}) {
    const Outcome tiny = run(std::string("$fovea train classify --data data -m base --size 4 -o run") + how);
    EXPECT_EQ(tiny.code, 2) << how;
    EXPECT_NE(tiny.err.find("--size: pictures of 4 x 4 do not suit the model: "), std::string::npos)
        << tiny.err;
  }
}

TEST_F(Train, WhoCannotTeachIsRefused) {
  ASSERT_EQ(run("mkdir two && cp -r data/train/blue data/train/red two").code, 0);
  ASSERT_EQ(run("$fovea train classify --data two -m vit/config.json --epochs 1 -o teacher").code, 0);
  const Outcome lacking = train("--teacher teacher -o run");
  EXPECT_EQ(lacking.code, 4);
  EXPECT_NE(lacking.err.find("teacher: cannot teach, it has no class 'green'"), std::string::npos)
      << lacking.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  EXPECT_EQ(train("--teacher nobody -o run").code, 4);
  ASSERT_EQ(train("--epochs 1 -o able").code, 0);
  const Outcome over = train("--teacher able -o able --force");
  EXPECT_EQ(over.code, 2);
  EXPECT_NE(over.err.find("able: is the teacher, and would be lost"), std::string::npos) << over.err;
  EXPECT_EQ(train("--teacher-weight 0.3 -o run").code, 2);
}

// A model that names every picture 'red' by its bias.
TEST_F(Train, EvaluationByHand) {
  ASSERT_EQ(train("--epochs 1 -o run").code, 0);
  const Safetensors file(folder / "run/model.safetensors");
  std::map<std::string, Tensor> values;
  for (const std::string& name : file.names()) values[name] = file.read(name);
  const Tensor weight = Tensor::full(values.at("classifier.weight").shape(), 0);
  values["classifier.weight"] = weight;
  values["classifier.bias"] = Tensor({3}, std::vector<float>{0, 1, 2});
  save_safetensors(folder / "run/model.safetensors", values);
  folder.write("data/test/blue/bad.png", "this is no picture");
  const Outcome outcome =
      run("$fovea eval classify --data data -m run --format json --save report --min-accuracy 0.3");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("data/test/blue/bad.png"), std::string::npos) << outcome.err;
  const Json report = Json::parse(outcome.out);
  EXPECT_EQ(report.at("pictures"), 12);
  EXPECT_EQ(report.at("top1").at("right"), 4);
  EXPECT_EQ(report.at("top5").at("right"), 12);
  const double log_sum = std::log(1 + std::exp(1) + std::exp(2));
  EXPECT_NEAR(report.at("loss").get<double>(), log_sum - 1, 1e-6);
  EXPECT_EQ(report.at("classes")[2].at("accuracy"), 1);
  EXPECT_EQ(report.at("classes")[0].at("accuracy"), 0);
  EXPECT_EQ(report.at("failures").size(), 1u);
  EXPECT_EQ(text("report/confusion.csv"), "class,blue,green,red\nblue,0,0,4\ngreen,0,0,4\nred,0,0,4\n");
  EXPECT_EQ(text("report/confusion.png").substr(1, 3), "PNG");

  EXPECT_EQ(outcome.err.find("has no split"), std::string::npos) << outcome.err;
  const Outcome whole = run("$fovea eval classify --data data/test -m run");
  EXPECT_NE(whole.err.find("data/test: has no split, so all of its 13 pictures"), std::string::npos)
      << whole.err;

  const Outcome again = run("$fovea eval classify --data data -m run --save report");
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.err,
            "fovea: --save: report/confusion.csv is there already; choose another folder, or add --force\n");
  EXPECT_EQ(run("$fovea eval classify --data data -m run --save report --force -q").code, 3);

  const Outcome below = run("$fovea eval classify --data data -m run --min-accuracy 0.5");
  EXPECT_EQ(below.code, 7);
  EXPECT_NE(below.out.find("33.33 %  (4 of 12; 95 % interval 13.81 to 60.94 %)"), std::string::npos)
      << below.out;
  const Outcome other = run("$fovea eval classify --data data -m vit");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("blue"), std::string::npos) << other.err;
}

}  // namespace
}  // namespace fovea
