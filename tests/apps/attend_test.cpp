#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <sstream>

#include "apps/attend_maps.h"
#include "apps/embedded_model.h"
#include "tests/apps/process.h"
#include "tests/apps/tiny_detr.h"
#include "tests/apps/tiny_vit.h"
#include "vision/video.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The float32 values of a small NPY file.
std::vector<float> npy_values(const std::string& path) {
  const std::string bytes = read_file(path);
  if (bytes.size() < 10) return {};
  const size_t head = 10 + static_cast<uint8_t>(bytes[8]) + 256u * static_cast<uint8_t>(bytes[9]);
  std::vector<float> values((bytes.size() - head) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + head, values.size() * sizeof(float));
  return values;
}

class Attend : public testing::Test {
 protected:
  void SetUp() override {
    write_tiny_vit(folder, "vit");
    write_tiny_detr(folder, "detr");
    for (int i = 0; i < 3; ++i) folder.write("p/" + std::to_string(i) + ".ppm", ppm(64 + 6 * i, 48, i));
  }
  Outcome run(const std::string& words) const { return shell(folder, "$fovea attend " + words); }
  Json record(const std::string& words) const {
    const Outcome outcome = run(words + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out);
  }
  bool there(const std::string& name) const { return std::filesystem::exists(folder / name); }
  void write_video(const std::string& name, int frames) const {
    VideoWriter writer(folder / name, {96, 64}, 10);
    for (int i = 0; i < frames; ++i) {
      cv::Mat frame(64, 96, CV_8UC3, cv::Scalar(30, 60, 90));
      frame(cv::Rect(10 * i, 8, 30, 40)).setTo(cv::Scalar(220, 200, 40 * i));
      writer.write(frame);
    }
    writer.finish();
  }

  TestFolder folder;
};

TEST_F(Attend, JsonHasAllThatThereIsToSay) {
  const Json shown = record("p/1.ppm -m vit --kind raw --head -1 --save-raw map.npy");
  EXPECT_EQ(shown.at("schema"), "fovea.result/1");
  EXPECT_EQ(shown.at("task"), "attend");
  EXPECT_EQ(shown.at("labels").size(), 1u);
  EXPECT_EQ(shown.at("provenance").at("model"), "vit");
  EXPECT_EQ(shown.at("provenance").at("options").at("kind"), "raw");
  EXPECT_EQ(shown.at("model_input").at("seen").at("xmax"), 70);
  ASSERT_EQ(shown.at("maps").size(), 1u);
  const Json& map = shown.at("maps")[0];
  EXPECT_EQ(map.at("kind"), "raw");
  EXPECT_EQ(map.at("layer"), 0);
  EXPECT_EQ(map.at("head"), 1);
  EXPECT_EQ(map.at("grid"), Json({2, 2}));
  EXPECT_EQ(map.at("file"), nullptr);
  EXPECT_EQ(map.at("raw"), "map.npy");
  const std::vector<float> values = npy_values(folder / "map.npy");
  ASSERT_EQ(values.size(), 4u);
  const auto greatest = std::ranges::max_element(values) - values.begin();
  EXPECT_EQ(map.at("min").get<float>(), std::ranges::min(values));
  EXPECT_EQ(map.at("max").get<float>(), std::ranges::max(values));
  EXPECT_EQ(map.at("peak"), Json({greatest % 2 ? 52.5 : 17.5, greatest / 2 ? 36 : 12}));
}

TEST_F(Attend, EveryFormatTellsTheSame) {
  const Json map = record("p/0.ppm -m vit --kind rollout").at("maps")[0];
  const auto text = lines_of(run("p/0.ppm -m vit --kind rollout").out);
  ASSERT_EQ(text.size(), 2u);
  EXPECT_EQ(text[0], "p/0.ppm  64×48  vit");
  EXPECT_TRUE(text[1].starts_with("  rollout  ")) << text[1];
  EXPECT_NE(text[1].find("  2×2  "), std::string::npos) << text[1];
  const auto csv = lines_of(run("p/0.ppm -m vit --kind rollout --format csv").out);
  ASSERT_EQ(csv.size(), 2u);
  EXPECT_EQ(csv[0], "source,kind,of,layer,head,subject,min,max,peak_x,peak_y,file,raw");
  EXPECT_NE(csv[1].find("," + map.at("min").dump() + "," + map.at("max").dump() + ","), std::string::npos);
  const auto ndjson = lines_of(run("p -m vit --format ndjson").out);
  EXPECT_EQ(ndjson.size(), 3u);
  for (const std::string& line : ndjson) EXPECT_EQ(Json::parse(line).at("maps").size(), 1u);
}

TEST_F(Attend, WritesOnePictureOrManyAndNeverOverOthers) {
  ASSERT_EQ(run("p/0.ppm -m vit -o map.png").code, 0);
  const cv::Mat drawn = cv::imread(folder / "map.png");
  EXPECT_GE(drawn.cols, 320);
  EXPECT_GT(drawn.rows, drawn.cols * 48 / 64) << "there is a legend below";
  EXPECT_EQ(run("p/0.ppm -m vit -o map.png").code, 3);
  EXPECT_EQ(run("p/0.ppm -m vit -o map.png --force").code, 0);
  const Outcome many = run("p -m vit --kind relevance -o out --save-raw out");
  EXPECT_EQ(many.code, 0) << many.err;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(there("out/" + std::to_string(i) + "-relevance.png"));
    EXPECT_TRUE(there("out/" + std::to_string(i) + "-relevance.npy"));
  }
  EXPECT_NE(many.out.find("→ out/2-relevance.png"), std::string::npos) << many.out;
  const Outcome one = run("p -m vit -o all.png");
  EXPECT_EQ(one.code, 2);
  EXPECT_NE(one.err.find("name a folder"), std::string::npos) << one.err;
}

TEST_F(Attend, SheetsRawPicturesAndPages) {
  ASSERT_EQ(run("p/0.ppm -m vit --sheet -o sheet.png").code, 0);
  EXPECT_FALSE(cv::imread(folder / "sheet.png").empty());
  ASSERT_EQ(run("p/0.ppm -m vit --save-raw raw.png").code, 0);
  const cv::Mat raw = cv::imread(folder / "raw.png", cv::IMREAD_UNCHANGED);
  ASSERT_EQ(raw.type(), CV_16U);
  EXPECT_EQ(raw.size(), cv::Size(2, 2));
  double low = 1, high = 0;
  cv::minMaxLoc(raw, &low, &high);
  EXPECT_EQ(low, 0);
  EXPECT_EQ(high, 65535);
  folder.write("p/<b>&.ppm", ppm(32, 32, 5));
  const Json shown = record("'p/<b>&.ppm' -m vit -o page.html");
  EXPECT_EQ(shown.at("page"), "page.html");
  EXPECT_EQ(read_file(folder / "page.html").find("<b>&"), std::string::npos) << "names are text";
  ASSERT_EQ(run("p -m vit -o pages --page").code, 0);
  EXPECT_TRUE(there("pages/0.html"));
}

TEST_F(Attend, WhatIsWrongForEveryInputIsAUsageError) {
  const std::pair<const char*, const char*> cases[] = {
      {"--kind rolout", "did you mean 'rollout'"},
      {"--kind cross", "vit has no 'cross'; it has raw, rollout"},
      {"--kind raw --layer 3", "--layer: 3 is not there"},
      {"--kind raw --head 2", "heads 0 to 1"},
      {"--kind rollout --layer 0", "no layers to choose"},
      {"--kind relevance --at 3,4", "leave it out, or choose --kind raw, rollout"},
      {"--at 12", "is no point"},
      {"--class 9", "0 to 4"},
      {"--class 'tabby dog'", "did you mean 'tabby cat'"},
      {"--object 0", "finds no objects"},
      {"--discard 1", "below 1"},
      {"--sheet", "add --output"},
  };
  for (const auto& [words, message] : cases) {
    const Outcome outcome = run("p/0.ppm -m vit " + std::string(words));
    EXPECT_EQ(outcome.code, 2) << words << outcome.err;
    EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << words << ": " << outcome.err;
  }
}

TEST_F(Attend, APointOutsideFailsItsPictureOnly) {
  const Outcome outcome = run("p/0.ppm p/2.ppm -m vit --kind raw --at 70,10 --format ndjson");
  EXPECT_EQ(outcome.code, 3);
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(Json::parse(lines[0]).at("error").at("code"), "not_possible");
  EXPECT_NE(outcome.err.find("p/0.ppm: "), std::string::npos) << outcome.err;
  EXPECT_EQ(Json::parse(lines[1]).at("maps")[0].at("subject"), "the patch at 70, 10");
}

TEST_F(Attend, ScoresAndChecksOfAClassifier) {
  const Json map = record("p/1.ppm -m vit --kind grad-cam --class 3 --score --check-weights").at("maps")[0];
  EXPECT_NE(map.at("subject").get<std::string>().find("espresso"), std::string::npos);
  for (const char* area : {"deletion", "insertion"}) {
    EXPECT_NE(map.at("score").at(area), map.at("score").at("by_chance").at(area));
    EXPECT_GE(map.at("score").at(area), 0);
    EXPECT_LE(map.at("score").at(area), 1);
  }
  EXPECT_EQ(map.at("drawn_weights").at("seed"), 7);
  EXPECT_LE(std::abs(map.at("drawn_weights").at("rank_correlation").get<double>()), 1);
  EXPECT_EQ(run("p/1.ppm -m detr --random-weights --score").code, 2);
}

TEST_F(Attend, OfADetectorEachObjectHasItsMap) {
  const std::string words = "p/1.ppm -m detr --random-weights --threshold 0.3";
  const Json shown = record(words + " -o out");
  const size_t count = shown.at("objects").size();
  ASSERT_GT(count, 1u);
  ASSERT_EQ(shown.at("maps").size(), count);
  for (size_t i = 0; i < count; ++i) {
    EXPECT_EQ(shown.at("maps")[i].at("object"), i);
    EXPECT_TRUE(there(shown.at("maps")[i].at("file"))) << shown.at("maps")[i];
  }
  EXPECT_EQ(shown.at("maps")[0].at("file"), "out/1-cross-object-0.png");
  EXPECT_EQ(record(words + " -o one.png").at("maps").size(), 1u);
  EXPECT_EQ(record(words + " --object 1").at("maps")[0].at("object"), 1);
  EXPECT_EQ(run(words + " --object 99").code, 3);
  const Outcome point = run("p/1.ppm -m detr --random-weights --kind encoder-self");
  EXPECT_EQ(point.code, 2);
  EXPECT_NE(point.err.find("add --at X,Y"), std::string::npos) << point.err;
  const Outcome nothing = run("p/1.ppm -m detr --random-weights --threshold 1");
  EXPECT_EQ(nothing.code, 0);
  EXPECT_NE(nothing.out.find("nothing found above 1"), std::string::npos) << nothing.out;
  EXPECT_EQ(run("p/1.ppm -m detr --random-weights --threshold 1 -o none.png").code, 3);
  EXPECT_FALSE(there("none.png"));
}

TEST_F(Attend, AVideoHasOneScale) {
  write_video("clip.avi", 4);
  const Outcome outcome = run("clip.avi -m vit -o out --format csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(lines_of(outcome.out).size(), 5u);
  VideoReader reader(folder / "out/clip-rollout.avi");
  int frames = 0;
  cv::Mat first;
  while (const auto frame = reader.next()) {
    // The legend says the range, which every frame shares: it is the same picture all along.
    const cv::Mat legend = frame->rgb.rowRange(frame->rgb.rows - 30, frame->rgb.rows).clone();
    if (first.empty()) first = legend;
    EXPECT_LT(cv::norm(first, legend, cv::NORM_L1) / static_cast<double>(legend.total()), 3) << frames;
    ++frames;
  }
  EXPECT_EQ(frames, 4);
  EXPECT_EQ(run("clip.avi -m vit -o map.png").code, 2);
}

TEST_F(Attend, TheExampleDrawsOnEveryFrame) {
  const std::string model = embedded_model(kEmbeddedClassifier);
  if (model.empty()) {
    std::cout << "the embedded classifier is absent\n";
    GTEST_SKIP() << "the embedded classifier is absent";
  }
  write_video("clip.avi", 3);
  const Outcome outcome =
      shell(folder, "'" FOVEA_BINARY_DIR "/apps/overlay_attention' '" + model + "' clip.avi drawn.avi");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "3 frames\n");
  VideoReader reader(folder / "drawn.avi");
  EXPECT_GE(reader.size().width, 320);
}

TEST(AttendPeak, LiesWhereThePictureIs) {
  FramePlace place{.picture = {100, 50}, .frame = {80, 80}, .scale_x = 0.8, .scale_y = 0.8};
  cv::Mat values(2, 2, CV_32F, cv::Scalar(0));
  values.at<float>(0, 1) = 0.5f;
  values.at<float>(1, 0) = 9;  // of the padding: y from 50
  const auto peak = peak_of(values, place);
  ASSERT_TRUE(peak.has_value());
  EXPECT_NEAR(peak->x, 75, 1e-9);
  EXPECT_NEAR(peak->y, 25, 1e-9);
}

}  // namespace
}  // namespace fovea
