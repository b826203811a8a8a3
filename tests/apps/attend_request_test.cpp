#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/apps/process.h"
#include "tests/apps/tiny_detr.h"
#include "tests/apps/tiny_vit.h"
#include "vision/video.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

class AttendRequest : public testing::Test {
 protected:
  void SetUp() override {
    write_tiny_vit(folder, "vit");
    folder.write("a.ppm", ppm(64, 48, 1));
  }
  Outcome run(const std::string& words) const { return shell(folder, "$fovea attend " + words); }
  bool there(const std::string& name) const { return std::filesystem::exists(folder / name); }
  void change_config(const std::string& model, const char* key, const Json& value) const {
    Json config = Json::parse(read_file(folder / (model + "/config.json")));
    config[key] = value;
    folder.write(model + "/config.json", config.dump());
  }
  void write_video(const std::string& name) const {
    VideoWriter writer(folder / name, {96, 64}, 10);
    for (int i = 0; i < 3; ++i) writer.write(cv::Mat(64, 96, CV_8UC3, cv::Scalar(30, 60 * i, 90)));
    writer.finish();
  }

  TestFolder folder;
};

TEST_F(AttendRequest, WhatWouldChangeNothingIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"--class 1", "--class: changes no rollout map"},
      {"--kind raw --class espresso", "choose --kind gradient-rollout"},
      {"--kind raw --discard 0.5", "--discard: changes no raw map; leave it out, or choose --kind rollout"},
      {"--kind grad-cam --fuse max", "--fuse: changes no grad-cam map"},
      {"--kind grad-cam --fuse max --sheet -o s.png", "--fuse: changes no grad-cam map"},
      {"--kind eigen-cam --class 1", "--class: changes no eigen-cam map"},
      {"--kind raw --head 0 --fuse max", "--fuse"},
      {"--threshold 0.9", "--threshold: vit finds no objects"}};
  for (const auto& [words, message] : cases) {
    const Outcome outcome = run(std::string("a.ppm -m vit ") + words);
    EXPECT_EQ(outcome.code, 2) << words;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << words << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "") << words;
  }
  for (const char* words : {"--kind relevance --class 1", "--class 1 --score", "--class 1 -o a.html"})
    EXPECT_EQ(run(std::string("a.ppm -m vit ") + words).code, 0) << words;
}

TEST_F(AttendRequest, FilesThatItDoesNotWriteAreRefused) {
  for (const char* words : {"-o map.jpg", "-o map.htm", "--save-raw map.gif",
                            "-o map.png --save-raw ./map.png", "--save-raw q.html"}) {
    EXPECT_EQ(run(std::string("a.ppm -m vit ") + words).code, 2) << words;
    for (const char* name : {"map.jpg", "map.htm", "map.gif", "map.png", "q.html"})
      EXPECT_FALSE(there(name)) << words;
  }
  std::filesystem::create_directory(folder / "maps.jpg");
  EXPECT_EQ(run("a.ppm -m vit -o maps.jpg").code, 0);
  EXPECT_TRUE(there("maps.jpg/a-rollout.png"));
}

TEST_F(AttendRequest, AModelWithoutAClassifierHasMapsToo) {
  change_config("vit", "architectures", {"ViTModel"});
  const Outcome outcome = run("a.ppm -m vit --random-weights --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json shown = Json::parse(outcome.out);
  EXPECT_EQ(shown.at("maps").at(0).at("kind"), "rollout");
  EXPECT_FALSE(shown.contains("labels"));
  const Outcome scored = run("a.ppm -m vit --random-weights --score");
  EXPECT_EQ(scored.code, 2);
  EXPECT_NE(scored.err.find("has no classes"), std::string::npos) << scored.err;
}

TEST_F(AttendRequest, ClassesOfOneNameAreToldApart) {
  std::map<std::string, Tensor> weights = tiny_vit_parameters(16, 24, 5);
  weights["classifier.bias"].mutable_data()[3] = 9;
  save_safetensors(folder / "vit/model.safetensors", weights);
  change_config("vit", "id2label",
                {{"0", "a"}, {"1", "crane"}, {"2", "crane"}, {"3", "crane"}, {"4", "crane"}});
  const Json plain = Json::parse(run("a.ppm -m vit --kind relevance --json").out);
  ASSERT_EQ(plain.at("labels").at(0).at("class_id"), 3);
  const Json scored = Json::parse(run("a.ppm -m vit --kind relevance --score --json").out);
  EXPECT_EQ(scored.at("maps").at(0).at("max"), plain.at("maps").at(0).at("max"));
  const Json named = Json::parse(run("a.ppm -m vit --kind relevance --json --class 3").out);
  EXPECT_EQ(named.at("maps").at(0).at("max"), plain.at("maps").at(0).at("max"));
}

TEST_F(AttendRequest, RecordsOfAVideoCountItsFrames) {
  write_video("clip.avi");
  Json recipe = Json::parse(read_file(folder / "vit/preprocessor_config.json"));
  recipe["size"] = {{"height", 20}, {"width", 20}};
  folder.write("vit/preprocessor_config.json", recipe.dump());
  std::istringstream lines(run("clip.avi -m vit --format ndjson").out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(Json::parse(line).at("frame"), count);
    EXPECT_EQ(Json::parse(line).at("model_input").at("width"), 20);  // of which patches cover 16
    EXPECT_EQ(line.find("\"frame\""), line.rfind("\"frame\""));
  }
  EXPECT_EQ(count, 3);
}

TEST_F(AttendRequest, AVideoThatIsNotNamedHasNoColumnsAndNoSheet) {
  write_video("clip.avi");
  folder.write("list", "clip.avi\na.ppm\n");
  for (const char* words : {"--format csv", "--sheet -o maps"}) {
    const Outcome outcome = run(std::string("--files-from list -m vit ") + words);
    EXPECT_EQ(outcome.code, 3) << words;
    EXPECT_NE(outcome.err.find("clip.avi: "), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find("a.ppm"), std::string::npos) << outcome.err;
  }
  EXPECT_TRUE(there("maps/a-sheet.png"));
  EXPECT_FALSE(there("maps/clip-sheet.avi"));
}

TEST_F(AttendRequest, AnObjectIsForMapsOfObjects) {
  write_tiny_detr(folder, "detr");
  const Outcome outcome =
      run("a.ppm -m detr --random-weights --threshold 0 --kind encoder-self --at 5,5 --object 0");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("--object: changes no encoder-self map"), std::string::npos) << outcome.err;
}

TEST_F(AttendRequest, FramesInWhichNothingIsFoundStayInTheVideo) {
  write_tiny_detr(folder, "detr");
  write_video("clip.avi");
  ASSERT_EQ(run("clip.avi -m detr --random-weights --threshold 1 -o drawn.avi").code, 0);
  VideoReader reader(folder / "drawn.avi");
  int frames = 0;
  while (reader.next()) ++frames;
  EXPECT_EQ(frames, 3);
}

}  // namespace
}  // namespace fovea
