#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "tests/apps/process.h"
#include "tests/apps/tiny_vit.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string encoded(const char* extension) {
  cv::Mat picture(48, 64, CV_8UC3);
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x)
      picture.at<cv::Vec3b>(y, x) = {static_cast<uint8_t>(4 * x), static_cast<uint8_t>(5 * y),
                                     static_cast<uint8_t>(x * y)};
  std::vector<uint8_t> bytes;
  EXPECT_TRUE(cv::imencode(extension, picture, bytes));
  return {bytes.begin(), bytes.end()};
}

// A PNG whose header says 100,000 x 100,000.
std::string huge_png() {
  std::string bytes = encoded(".png");
  for (size_t at : {size_t{16}, size_t{20}}) bytes.replace(at, 4, std::string("\x00\x01\x86\xA0", 4));
  return bytes;
}

std::vector<Json> records_of(const std::string& ndjson) {
  std::vector<Json> records;
  std::istringstream lines(ndjson);
  for (std::string line; std::getline(lines, line);) records.push_back(Json::parse(line));
  return records;
}

class BadInput : public testing::Test {
 protected:
  BadInput() {
    write_tiny_vit(folder, "vit");
    folder.write("good.jpg", encoded(".jpg"));
    folder.write("good.png", encoded(".png"));
  }
  Outcome run(const std::string& line) const { return shell(folder, line); }

  // A copy of the model in which one file is replaced.
  void break_model(const std::string& name, const std::string& file, const std::string& bytes) const {
    fs::copy(folder / "vit", folder / name);
    folder.write(name + "/" + file, bytes);
  }

  // Exit 4 and one line, in which all of `parts` stand.
  void expect_unusable(const std::string& model, const std::vector<std::string>& parts) const {
    const Outcome outcome = run("$fovea classify good.png -m " + model);
    EXPECT_EQ(outcome.code, 4) << model << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(outcome.err.starts_with("fovea: " + parts.at(0))) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    for (const std::string& part : parts)
      EXPECT_NE(outcome.err.find(part), std::string::npos) << "no '" << part << "' in: " << outcome.err;
  }

  TestFolder folder;
};

TEST_F(BadInput, PicturesFailOneByOneAndTheGoodOnesAreDone) {
  const std::string jpeg = encoded(".jpg");
  folder.write("cut.jpg", jpeg.substr(0, jpeg.size() / 2));
  folder.write("huge.png", huge_png());
  folder.write("text.jpg", "a text with another name\n");
  folder.write("empty.png", "");
  folder.write("moving.gif", "GIF89a\x01\x01 and so on");
  fs::create_directory(folder / "hollow");
  const std::vector<std::pair<std::string, std::string>> inputs = {
      {"good.jpg", ""},          {"cut.jpg", "truncated"},
      {"huge.png", "too_large"}, {"text.jpg", "unsupported_format"},
      {"empty.png", "empty"},    {"missing.jpg", "not_found"},
      {"hollow", "empty"},       {"moving.gif", "unsupported_format"},
      {"good.png", ""}};
  std::string names;
  for (const auto& [name, code] : inputs) names += " " + name;
  const Outcome outcome = run("$fovea classify --format ndjson -m vit" + names);
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  const std::vector<Json> records = records_of(outcome.out);
  ASSERT_EQ(records.size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto& [name, code] = inputs[i];
    EXPECT_EQ(records[i].at("input").at("source"), name);
    EXPECT_EQ(records[i].contains("labels"), code.empty()) << name;
    if (code.empty()) continue;
    EXPECT_EQ(records[i].at("error").at("code"), code) << name;
    const std::string message = records[i].at("error").at("message");
    EXPECT_TRUE(message.starts_with(name + ": ")) << message;
    EXPECT_NE(message.find("; "), std::string::npos) << message << ": no next step";
    EXPECT_EQ(message.find("GIF") != std::string::npos, name == "moving.gif") << message;
    EXPECT_NE(outcome.err.find("fovea: " + message + "\n"), std::string::npos) << outcome.err;
  }
  EXPECT_NE(outcome.err.find("fovea: 7 of 9 inputs failed; "), std::string::npos) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 8) << outcome.err;
}

TEST_F(BadInput, DirectoryThatMayNotBeListed) {
  if (geteuid() == 0) GTEST_SKIP() << "root may list every directory; run this as another user";
  folder.write("closed/a.ppm", ppm(8, 8, 1));
  fs::permissions(folder / "closed", fs::perms::none);
  const Outcome outcome = run("$fovea classify --format ndjson -m vit closed good.png");
  fs::permissions(folder / "closed", fs::perms::owner_all);
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  const std::vector<Json> records = records_of(outcome.out);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].at("error").at("code"), "unreadable");
  EXPECT_TRUE(records[1].contains("labels"));
}

TEST_F(BadInput, OnErrorFailStopsAtTheFirst) {
  folder.write("huge.png", huge_png());
  const Outcome outcome =
      run("$fovea classify --on-error fail --format ndjson --batch 1 -m vit good.jpg huge.png good.png");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  const std::vector<Json> records = records_of(outcome.out);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[0].contains("labels"));
  EXPECT_EQ(records[1].at("error").at("code"), "too_large");
}

TEST_F(BadInput, ModelFolderWithoutItsFiles) {
  expect_unusable("none", {"none: ", "no such folder"});
  fs::create_directory(folder / "bare");
  fs::copy(folder / "vit/config.json", folder / "bare/config.json");
  expect_unusable("bare", {"bare: ", "model.safetensors", "download"});
}

TEST_F(BadInput, ModelFileThatIsDamaged) {
  const std::string bytes = read_file(folder / "vit/model.safetensors");
  break_model("cut", "model.safetensors", bytes.substr(0, bytes.size() - 100));
  expect_unusable("cut", {"cut/model.safetensors: "});
  break_model("page", "model.safetensors", "<!DOCTYPE html><html>404</html>");
  expect_unusable("page", {"page/model.safetensors: "});
  break_model("void", "model.safetensors", "");
  expect_unusable("void", {"void/model.safetensors: "});
}

TEST_F(BadInput, ConfigThatSaysAnotherModel) {
  break_model("prose", "config.json", "hidden_size = 16\n");
  expect_unusable("prose", {"prose/config.json: ", "not valid JSON"});
  break_model("list", "config.json", "[1, 2]");
  expect_unusable("list", {"list/config.json: ", "not a JSON object"});
  Json config = Json::parse(read_file(folder / "vit/config.json"));
  config["model_type"] = "perceiver";
  break_model("other", "config.json", config.dump());
  expect_unusable("other", {"other/config.json: ", "model_type", "perceiver"});
}

TEST_F(BadInput, EveryNameThatDoesNotFitIsTold) {
  auto parameters = tiny_vit_parameters(16, 24, 5);
  parameters["classifier.weight"] = made_up({5, 12}, 0, 1);
  parameters["vit.encoder.layer.0.output.dense.bias"] = made_up({17}, 0, 1);
  parameters.erase("vit.layernorm.bias");
  parameters.erase("vit.embeddings.cls_token");
  parameters["vit.encoder.layer.1.output.dense.bias"] = made_up({16}, 0, 1);
  parameters["extra.weight"] = made_up({2}, 0, 1);
  fs::copy(folder / "vit", folder / "odd");
  save_safetensors(folder / "odd/model.safetensors", parameters);
  expect_unusable("odd",
                  {"odd", "classifier.weight", "[5, 12]", "[5, 16]", "vit.encoder.layer.0.output.dense.bias",
                   "[17]", "vit.layernorm.bias", "vit.embeddings.cls_token",
                   "vit.encoder.layer.1.output.dense.bias", "extra.weight"});
}

TEST_F(BadInput, PreprocessingThatCannotBeDone) {
  const Json processor = Json::parse(read_file(folder / "vit/preprocessor_config.json"));
  struct Case {
    std::string model, key;
    Json value;
    std::string told;
  };
  const Case cases[] = {{"filter", "resample", 99, "\"resample\""},
                        {"flat", "image_std", {0.5, 0, 0.5}, "standard deviation 0"},
                        {"size", "size", {{"height", 0}, {"width", 16}}, "\"size\""}};
  for (const Case& c : cases) {
    Json broken = processor;
    broken[c.key] = c.value;
    break_model(c.model, "preprocessor_config.json", broken.dump());
    expect_unusable(c.model, {c.model + "/preprocessor_config.json: ", c.told});
  }
  break_model("torn", "preprocessor_config.json", processor.dump().substr(0, 40));
  expect_unusable("torn", {"torn/preprocessor_config.json: ", "not valid JSON"});
}

TEST_F(BadInput, TooLittleMemoryHasItsOwnCode) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer ends the program when memory runs out, and needs more than the limit set here";
#endif
  const Outcome outcome =
      run("ulimit -v 1500000; $fovea bench -m vit --batch 256 --size 1024x1024 --threads 1 --runs 1");
  EXPECT_EQ(outcome.code, 6) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("fovea: out of memory; try ")) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

}  // namespace
}  // namespace fovea
