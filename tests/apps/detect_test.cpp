#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <sstream>

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

// Pictures of several sizes, and a detector whose weights are drawn from a seed.
class Detect : public testing::Test {
 protected:
  void SetUp() override {
    write_tiny_detr(folder, "detr");
    for (int i = 0; i < 6; ++i)
      folder.write("p/" + std::to_string(i) + ".ppm", ppm(i % 2 ? 90 : 64, i % 3 ? 60 : 48, i));
  }
  Outcome run(const std::string& line) const { return shell(folder, line); }
  Outcome detect(const std::string& words) const {
    return run("$fovea detect -m detr --random-weights " + words);
  }
  Json record(const std::string& words) const { return Json::parse(detect(words + " --json").out); }
  Json found(const std::string& words) const { return record(words).at("objects"); }

  void write_video(const std::string& name, int frames, double rate, cv::Size size = {96, 64}) const {
    VideoWriter writer(folder / name, size, rate);
    for (int i = 0; i < frames; ++i)
      writer.write(cv::Mat(size, CV_8UC3, cv::Scalar(8 * i, 255 - 8 * i, 100)));
    writer.finish();
  }
  void write_picture(const std::string& name, cv::Size size) const {
    cv::Mat picture(size, CV_8UC3, cv::Scalar(40, 90, 60));
    picture(cv::Rect(0, 0, (size.width + 1) / 2, (size.height + 1) / 2)).setTo(cv::Scalar(230, 210, 250));
    std::filesystem::create_directories((folder.path() / name).parent_path());
    ASSERT_TRUE(cv::imwrite(folder / name, picture));
  }

  TestFolder folder;
};

TEST_F(Detect, JsonHasAllThatThereIsToSay) {
  const Json shown = record("p/1.ppm --threshold 0.2");
  EXPECT_EQ(shown.at("schema"), "fovea.result/1");
  EXPECT_EQ(shown.at("task"), "detect");
  EXPECT_EQ(shown.at("input").at("source"), "p/1.ppm");
  EXPECT_EQ(shown.at("input").at("width"), 90);
  EXPECT_EQ(shown.at("input").at("height"), 60);
  EXPECT_EQ(shown.at("model").at("id"), "detr");
  EXPECT_EQ(shown.at("model").at("task"), "object-detection");
  EXPECT_TRUE(shown.at("timing_ms").contains("infer"));
  const Json& objects = shown.at("objects");
  ASSERT_GT(objects.size(), 3u);
  const std::vector<std::string> labels = {"cat", "dog & co", "car, red"};
  double last = 1;
  for (const Json& object : objects) {
    const auto class_id = object.at("class_id").get<size_t>();
    EXPECT_EQ(object.at("label"), labels.at(class_id));
    EXPECT_EQ(object.at("category_id"), class_id + 1);
    EXPECT_GT(object.at("score"), 0.2);
    EXPECT_LE(object.at("score"), last);
    last = object.at("score");
    const Json &box = object.at("box"), &bbox = object.at("bbox");
    EXPECT_GE(box.at("xmin"), 0);
    EXPECT_GE(box.at("ymin"), 0);
    EXPECT_LE(box.at("xmax"), 90);
    EXPECT_LE(box.at("ymax"), 60);
    EXPECT_EQ(bbox.at(0), box.at("xmin"));
    EXPECT_NEAR(bbox.at(2).get<double>(), box.at("xmax").get<double>() - box.at("xmin").get<double>(), 1e-4);
    EXPECT_LT(object.at("query"), 19);
  }
}

TEST_F(Detect, EveryFormatTellsTheSame) {
  const Json objects = found("p/0.ppm --threshold 0.3");
  ASSERT_FALSE(objects.empty());
  const auto text = lines_of(detect("p/0.ppm --threshold 0.3").out);
  EXPECT_EQ(text.at(0), "p/0.ppm  64×48  detr");
  EXPECT_EQ(text.size(), objects.size() + 1);
  const auto csv = lines_of(detect("p/0.ppm --threshold 0.3 --format csv").out);
  EXPECT_EQ(csv.at(0), "source,label,class_id,score,xmin,ymin,xmax,ymax");
  ASSERT_EQ(csv.size(), objects.size() + 1);
  const Json coco = Json::parse(detect("p/0.ppm --threshold 0.3 --format coco").out);
  const auto yolo = lines_of(detect("p/0.ppm --threshold 0.3 --format yolo").out);
  const std::string voc = detect("p/0.ppm --threshold 0.3 --format voc").out;
  ASSERT_EQ(coco.size(), objects.size());
  ASSERT_EQ(yolo.size(), objects.size());
  for (size_t i = 0; i < objects.size(); ++i) {
    const Json& object = objects[i];
    const std::string score = object.at("score").dump();
    EXPECT_NE(csv[i + 1].find(object.at("class_id").dump() + "," + score + "," +
                              object.at("box").at("xmin").dump()),
              std::string::npos)
        << csv[i + 1];
    EXPECT_EQ(coco[i], Json({{"image_id", 1},
                             {"category_id", object.at("category_id")},
                             {"bbox", object.at("bbox")},
                             {"score", object.at("score")}}));
    std::istringstream numbers(yolo[i]);
    double class_id = -1, x = -1, y = -1, w = -1, h = -1, confidence = -1;
    numbers >> class_id >> x >> y >> w >> h >> confidence;
    EXPECT_EQ(class_id, object.at("class_id"));
    EXPECT_NEAR((x - w / 2) * 64, object.at("box").at("xmin").get<double>(), 1e-3);
    EXPECT_NEAR((y + h / 2) * 48, object.at("box").at("ymax").get<double>(), 1e-3);
    EXPECT_NEAR(confidence, object.at("score").get<double>(), 1e-6);
    EXPECT_NE(voc.find("<score>" + score + "</score>"), std::string::npos);
  }
  const Json images = Json::parse(read_file(folder / "images.json"));
  EXPECT_EQ(images.at("images"), Json::parse(R"([{"id":1,"file_name":"p/0.ppm","width":64,"height":48}])"));
  EXPECT_EQ(images.at("categories").size(), 3u);
}

TEST_F(Detect, ScoresAreAboveTheThreshold) {
  const Json all = found("p/1.ppm --threshold 0");
  ASSERT_EQ(all.size(), 19u);
  const Json some = found("p/1.ppm --threshold " + all[4].at("score").dump());
  EXPECT_EQ(some.size(), 4u);
  EXPECT_EQ(found("p/1.ppm --threshold 1"), Json::array());
  EXPECT_EQ(found("p/1.ppm"), found("p/1.ppm --threshold 0.5"));
  EXPECT_EQ(detect("p/1.ppm --threshold 1").out, "p/1.ppm  90×60  detr\n  nothing with a score above 1\n");
}

TEST_F(Detect, WholePixelsWhereTheyAreAskedFor) {
  const Json plain = found("p/1.ppm --threshold 0.2"), whole = found("p/1.ppm --threshold 0.2 --hf-compat");
  ASSERT_EQ(plain.size(), whole.size());
  ASSERT_FALSE(plain.empty());
  for (size_t i = 0; i < plain.size(); ++i)
    for (const char* side : {"xmin", "ymin", "xmax", "ymax"}) {
      ASSERT_TRUE(whole[i].at("box").at(side).is_number_integer()) << whole[i];
      EXPECT_EQ(whole[i].at("box").at(side), std::floor(plain[i].at("box").at(side).get<double>()));
    }
}

TEST_F(Detect, ThreadsAndBatchesChangeNoBit) {
  const std::string want = detect("p --format csv --threshold 0.1 --threads 1").out;
  EXPECT_GT(lines_of(want).size(), 20u);
  for (const char* words : {"--threads 2 --batch 4", "--threads 3 --batch 64", "--threads 1 --batch 2"})
    EXPECT_EQ(detect(std::string("p --format csv --threshold 0.1 ") + words).out, want) << words;
  const std::string alone = detect("p/4.ppm --format csv --threshold 0.1").out;
  EXPECT_NE(want.find(alone.substr(alone.find('\n') + 1)), std::string::npos);
}

TEST_F(Detect, AFileThatIsBrokenIsARecordAmongTheOthers) {
  folder.write("p/2a.png", "\x89PNG\r\n\x1a\n and no more");
  const Outcome outcome = detect("p p/none.jpg --format ndjson --batch 3");
  EXPECT_EQ(outcome.code, 3);
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 8u);
  for (size_t i = 0; i < lines.size(); ++i) {
    const Json one = Json::parse(lines[i]);
    EXPECT_EQ(one.at("input").at("index"), i);
    EXPECT_EQ(one.contains("error"), i == 3 || i == 7) << lines[i];
    EXPECT_EQ(one.contains("objects"), i != 3 && i != 7);
  }
  EXPECT_NE(outcome.err.find("p/2a.png: "), std::string::npos);
  EXPECT_NE(outcome.err.find("2 of 8 inputs failed"), std::string::npos) << outcome.err;
  EXPECT_EQ(detect("p --format yolo --output labels").code, 3);
  EXPECT_TRUE(std::filesystem::exists(folder / "labels/2.txt"));
  EXPECT_FALSE(std::filesystem::exists(folder / "labels/2a.txt"));
}

TEST_F(Detect, SavesPicturesLikeTheirInputs) {
  write_picture("a/x.jpg", {120, 80});
  write_picture("b/x.jpg", {80, 120});
  write_picture("b/x.png", {60, 60});
  const Outcome outcome = detect("a/x.jpg b/x.jpg b/x.png p/0.ppm --threshold 0 --save out");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const struct {
    const char *saved, *from;
  } cases[] = {{"out/x.jpg", "a/x.jpg"},
               {"out/x-2.jpg", "b/x.jpg"},
               {"out/x.png", "b/x.png"},
               {"out/0.png", "p/0.ppm"}};
  for (const auto& c : cases) {
    const cv::Mat saved = cv::imread(folder / c.saved), from = cv::imread(folder / c.from);
    ASSERT_EQ(saved.size(), from.size()) << c.saved;
    EXPECT_GT(cv::norm(saved, from, cv::NORM_INF), 60) << c.saved;  // there is something on it
  }
  EXPECT_EQ(read_file(folder / "out/x-2.jpg").substr(0, 2), "\xff\xd8");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "out"), {}), 4);
}

TEST_F(Detect, WritesOverNothingThatIsThere) {
  write_picture("x.jpg", {120, 80});
  ASSERT_EQ(detect("x.jpg --save out --threshold 1").code, 0);
  const std::string before = read_file(folder / "out/x.jpg"), own = read_file(folder / "x.jpg");
  const Outcome again = detect("x.jpg --save out --threshold 0 --format ndjson");
  EXPECT_EQ(again.code, 3);
  EXPECT_EQ(Json::parse(again.out).at("error").at("code"), "exists");
  EXPECT_TRUE(read_file(folder / "out/x.jpg") == before);
  EXPECT_EQ(detect("x.jpg --save out --threshold 0 --force").code, 0);
  EXPECT_FALSE(read_file(folder / "out/x.jpg") == before);
  EXPECT_EQ(detect("x.jpg --save . --force").code, 3);  // an input is never an output
  EXPECT_TRUE(read_file(folder / "x.jpg") == own);

  ASSERT_EQ(detect("x.jpg --format coco").code, 0);
  const Outcome coco = detect("x.jpg --format coco");
  EXPECT_EQ(coco.code, 2);
  EXPECT_NE(coco.err.find("images.json: is there already"), std::string::npos) << coco.err;
  EXPECT_EQ(detect("x.jpg --format coco --force").code, 0);
  ASSERT_EQ(detect("x.jpg --format voc --output labels").code, 0);
  EXPECT_EQ(detect("x.jpg --format voc --output labels").code, 3);
  EXPECT_EQ(detect("x.jpg --format voc --output labels --force").code, 0);
}

TEST_F(Detect, LabelsGoToAFolder) {
  for (const char* format : {"yolo", "voc"}) {
    const std::string ending = format == std::string("yolo") ? ".txt" : ".xml";
    const Outcome outcome = detect(std::string("p --threshold 0.3 --output labels --format ") + format);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    for (int i = 0; i < 6; ++i) {
      const std::string name = std::to_string(i);
      EXPECT_EQ(read_file(folder / ("labels/" + name + ending)),
                detect("p/" + name + ".ppm --threshold 0.3 --format " + format).out);
    }
  }
}

TEST_F(Detect, YoloLabelsHaveTheirClassesBeside) {
  folder.write("p/classes.ppm", ppm(64, 48, 9));
  const std::string line = "p --threshold 0.3 --format yolo --output y/labels ";
  ASSERT_EQ(detect(line).code, 0);
  const std::string path = folder / "y/labels/classes.txt";
  EXPECT_EQ(read_file(path), "cat\ndog & co\ncar, red\n");
  EXPECT_EQ(read_file(folder / "y/labels/classes-2.txt"),
            detect("p/classes.ppm --threshold 0.3 --format yolo").out);
  folder.write("more.ppm", ppm(64, 48, 10));
  EXPECT_EQ(detect("more.ppm --format yolo --output y/labels").code, 0);  // the same classes
  folder.write("y/labels/classes.txt", "mine\n");
  const Outcome others = detect(line);
  EXPECT_EQ(others.code, 2);
  EXPECT_NE(others.err.find("classes.txt names other classes"), std::string::npos) << others.err;
  EXPECT_EQ(read_file(path), "mine\n");
  EXPECT_EQ(detect(line + "--force").code, 0);
  EXPECT_EQ(read_file(path), "cat\ndog & co\ncar, red\n");
}

TEST_F(Detect, NamesOutsideAsciiAreDrawnLegibly) {
  const auto drawn = [&](const std::string& name, const std::string& first, const std::string& second) {
    write_tiny_detr(folder, name);
    std::string config = read_file(folder / (name + "/config.json"));
    config.replace(config.find("\"cat\""), 5, "\"" + first + "\"");
    config.replace(config.find("\"dog & co\""), 10, "\"" + second + "\"");
    folder.write(name + "/config.json", config);
    const Outcome outcome = run("$fovea detect p/1.ppm --random-weights --threshold 0 --format ndjson -m " +
                                name + " --save drawn_" + name);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.out.find(first) != std::string::npos ||
                outcome.out.find(second) != std::string::npos);
    return read_file(folder / ("drawn_" + name + "/1.png"));
  };
  const std::string chinese = drawn("chinese", "赤血球", "größer");
  EXPECT_TRUE(chinese == drawn("numbered", "class 0", "grosser"));
  EXPECT_FALSE(chinese == drawn("plain", "cat", "gr??er"));
}

TEST_F(Detect, CocoTakesIdsFromAnnotations) {
  folder.write("truth.json",
               R"({"images": [{"id": 70, "file_name": "p/3.ppm", "width": 90, "height": 48},
                              {"id": 50, "file_name": "p/1.ppm", "width": 90, "height": 60}],
                   "annotations": [], "categories": [{"id": 11, "name": "car, red"}, {"id": 12, "name": "cat"},
                                                     {"id": 13, "name": "eel"}]})");
  const Outcome outcome =
      detect("p/1.ppm p/2.ppm p/3.ppm --threshold 0 --format coco --annotations truth.json");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("p/2.ppm: is none, or several, of the pictures in truth.json"),
            std::string::npos)
      << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "images.json"));
  size_t expected = 0;
  for (const char* name : {"p/1.ppm", "p/3.ppm"})
    for (const Json& object : found(std::string(name) + " --threshold 0"))
      expected += object.at("label") != "dog & co";
  const Json results = Json::parse(outcome.out);
  EXPECT_EQ(results.size(), expected);
  for (const Json& result : results) {
    EXPECT_TRUE(result.at("image_id") == 50 || result.at("image_id") == 70);
    EXPECT_TRUE(result.at("category_id") == 11 || result.at("category_id") == 12);
  }
  const Json object = found("p/1.ppm --threshold 0 --annotations truth.json")[0];
  EXPECT_EQ(object.at("category_id"), object.at("label") == "cat"        ? Json(12)
                                      : object.at("label") == "car, red" ? Json(11)
                                                                         : Json());
}

TEST_F(Detect, CocoResultsCanBeJudged) {
  folder.write("truth.json",
               R"({"images": [{"id": 1, "file_name": "p/0.ppm", "width": 64, "height": 48}], "annotations":
                   [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [16, 12, 32, 24], "area": 768, "iscrowd": 0}],
                   "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog & co"}, {"id": 3, "name": "car, red"}]})");
  ASSERT_EQ(detect("p/0.ppm --threshold 0 --format coco -o found").code, 0);
  const Outcome judged =
      run("$fovea eval detect --data truth.json --results found/detections.json --format json");
  EXPECT_EQ(judged.code, 0) << judged.err;
}

TEST_F(Detect, FramesOfAVideo) {
  write_video("v.mp4", 12, 12.5);
  const Outcome outcome = detect("v.mp4 --threshold 0.3 --format ndjson --save out --batch 4");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 12u);
  for (size_t i = 0; i < 12; ++i) {
    const Json one = Json::parse(lines[i]);
    EXPECT_EQ(one.at("input").at("source"), "v.mp4");
    EXPECT_EQ(one.at("input").at("index"), 0);
    EXPECT_EQ(one.at("input").at("width"), 96);
    EXPECT_EQ(one.at("frame"), i);
    EXPECT_NEAR(one.at("pts").get<double>(), static_cast<double>(i) / 12.5, 1e-6);
  }
  VideoReader saved(folder / "out/v.mp4");
  EXPECT_EQ(saved.size(), cv::Size(96, 64));
  int frames = 0;
  while (const auto frame = saved.next()) {
    EXPECT_NEAR(frame->rate, 12.5, 1e-3);
    ++frames;
  }
  EXPECT_EQ(frames, 12);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "out"), {}), 1);  // nothing unfinished
}

TEST_F(Detect, EveryFewFrames) {
  write_video("v.avi", 10, 20);
  const auto lines = lines_of(detect("v.avi p/0.ppm --every 4 --format csv --threshold 0 --save out").out);
  EXPECT_EQ(lines.at(0), "source,label,class_id,score,xmin,ymin,xmax,ymax,frame,pts");
  ASSERT_EQ(lines.size(), 1 + 4 * 19u);
  EXPECT_TRUE(lines[1].ends_with(",0,0")) << lines[1];
  EXPECT_TRUE(lines[1 + 19].ends_with(",4,0.2")) << lines[1 + 19];
  EXPECT_TRUE(lines[1 + 2 * 19].ends_with(",8,0.4"));
  EXPECT_TRUE(lines[1 + 3 * 19].ends_with(",,"));
  VideoReader saved(folder / "out/v.avi");
  int frames = 0;
  while (const auto frame = saved.next()) {
    EXPECT_NEAR(frame->rate, 5, 1e-3);  // as long as the whole
    ++frames;
  }
  EXPECT_EQ(frames, 3);
  EXPECT_NE(detect("v.avi --every 9").out.find("v.avi  frame 9  0.450 s  96×64  detr\n"), std::string::npos);
}

TEST_F(Detect, AVideoThatEndsEarlyIsToldUpToThere) {
  write_video("v.avi", 30, 25);
  const std::string whole = read_file(folder / "v.avi");
  folder.write("cut.avi", whole.substr(0, whole.size() / 2));
  folder.write("none.mp4", "this is text, and no video of any kind");
  const Outcome outcome = detect("cut.avi none.mp4 p/0.ppm --format ndjson --save out");
  EXPECT_EQ(outcome.code, 3);
  const auto lines = lines_of(outcome.out);
  ASSERT_GT(lines.size(), 5u);
  const size_t frames = lines.size() - 3;
  EXPECT_EQ(Json::parse(lines[frames - 1]).at("frame"), frames - 1);
  const Json cut = Json::parse(lines[frames]), none = Json::parse(lines[frames + 1]);
  EXPECT_EQ(cut.at("error").at("code"), "truncated");
  EXPECT_FALSE(cut.contains("frame"));
  EXPECT_EQ(none.at("error").at("code"), "unsupported_format");
  EXPECT_TRUE(Json::parse(lines.back()).contains("objects"));
  EXPECT_NE(outcome.err.find("2 of 3 inputs failed"), std::string::npos) << outcome.err;
  VideoReader saved(folder / "out/cut.avi");
  size_t drawn = 0;
  while (saved.next()) ++drawn;
  EXPECT_EQ(drawn, frames);
}

TEST_F(Detect, LabelsOfFramesHaveTheirNumbers) {
  write_video("v.mp4", 3, 25);
  ASSERT_EQ(detect("v.mp4 --format yolo --output labels").code, 0);
  for (const char* name : {"v-000000.txt", "v-000001.txt", "v-000002.txt"})
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "labels" / name)) << name;
  ASSERT_EQ(detect("p/0.ppm v.mp4 --format coco --output coco").code, 0);
  const Json images = Json::parse(read_file(folder / "coco/images.json")).at("images");
  ASSERT_EQ(images.size(), 4u);
  EXPECT_EQ(images[3].at("id"), 4);
  EXPECT_EQ(images[3].at("frame"), 2);
}

TEST_F(Detect, PicturesOfOddShapes) {
  write_picture("one.png", {1, 1});
  write_picture("long.png", {20000, 20});
  write_picture("tall.png", {20, 20000});
  EXPECT_EQ(detect("one.png --threshold 0 --save out").code, 0);
  const Outcome thin = detect("long.png p/0.ppm --format ndjson");
  EXPECT_EQ(thin.code, 3);
  EXPECT_EQ(Json::parse(lines_of(thin.out).at(0)).at("error").at("code"), "preprocess_failed");
  std::string recipe = read_file(folder / "detr/preprocessor_config.json");
  recipe.replace(recipe.find("\"shortest_edge\": 48, \"longest_edge\": 80"), 39,
                 "\"shortest_edge\": 80, \"longest_edge\": 1333");
  folder.write("detr/preprocessor_config.json", recipe);
  const Outcome wide = detect("long.png tall.png one.png --threshold 0 --save odd");
  EXPECT_EQ(wide.code, 0) << wide.err;
  EXPECT_EQ(cv::imread(folder / "odd/long.png").size(), cv::Size(20000, 20));
}

TEST_F(Detect, WrongUseIsOneLine) {
  folder.write("file", "");
  write_tiny_vit(folder, "vit");
  draw_tiny_detr(write_tiny_detr(folder, "drawn"));
  write_video("v.mp4", 2, 25);
  const struct {
    const char* line;
    int code;
    const char* words;
  } cases[] = {
      {"$fovea detect -m detr", 2, "no picture given"},
      {"$fovea detect p/0.ppm -m vit", 4, "fovea classify"},
      {"$fovea classify p/0.ppm -m drawn", 4, "fovea detect"},
      {"$fovea detect p/0.ppm -m detr", 4, "model.safetensors"},
      {"$fovea detect p/0.ppm -m none", 4, "no such folder"},
      {"$fovea detect p/0.ppm -m detr --threshold 1.5", 2, "--threshold"},
      {"$fovea detect p/0.ppm -m detr --treshold 0.5", 2, "--threshold"},
      {"$fovea detect p/0.ppm -m detr --format xml", 2, "coco, yolo, voc"},
      {"$fovea detect p -m detr --random-weights --format yolo", 2, "add --output DIR"},
      {"$fovea detect v.mp4 -m detr --random-weights --format voc", 2, "add --output DIR"},
      {"$fovea detect p -m detr --random-weights --format csv --output x", 2, "--output: is for"},
      {"$fovea detect p -m detr --random-weights --save file", 2, "--save: file cannot be made"},
      {"$fovea detect p -m detr --random-weights --save /proc/none", 2, "--save: /proc/none cannot be made"},
      {"$fovea detect p -m detr --random-weights --annotations none.json", 2, "none.json"},
      {"$fovea detect p -m detr --random-weights --split val", 2, "--annotations"},
      {"$fovea detect v.mp4 -m detr --random-weights --every 0", 2, "--every"},
      {"echo v.mp4 | $fovea detect --files-from - -m detr --random-weights --format csv", 3, "command line"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = run(c.line);
    EXPECT_EQ(outcome.code, c.code) << c.line << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find(c.words), std::string::npos) << c.line << "\n" << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), c.code == 3 ? 2 : 1) << outcome.err;
  }
}

TEST_F(Detect, AnOutputThatClosesEndsItQuietly) {
  const Outcome piped =
      run("{ $fovea detect p p p -m detr --random-weights --format ndjson; echo $? >code; } | head -n 1");
  EXPECT_EQ(lines_of(piped.out).size(), 1u);
  EXPECT_EQ(piped.err, "");
  EXPECT_NE(detect("p/0.ppm >/dev/full").code, 0);
}

TEST_F(Detect, WithoutAModel) {
  const Outcome outcome = run("$fovea detect p/0.ppm --json");
  if (embedded_model(kEmbeddedDetector).empty()) {
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("add -m DIR"), std::string::npos) << outcome.err;
  } else {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(Json::parse(outcome.out).at("model").at("id"), kEmbeddedDetector);
  }
  EXPECT_NE(run("$fovea detect --help").out.find(kEmbeddedDetector), std::string::npos);
}

// What else takes a model takes a detector.
TEST_F(Detect, OtherVerbsTakeADetector) {
  std::map<std::string, Tensor> input = {{"pixel_values", made_up({2, 3, 48, 64}, 0, 1)},
                                         {"pixel_mask", Tensor::full({2, 48, 64}, 1)}};
  save_safetensors(folder / "in.safetensors", input);
  std::fill_n(input.at("pixel_mask").mutable_data() + 48 * 32, 48 * 32, 0.0f);
  save_safetensors(folder / "half.safetensors", input);
  input.at("pixel_mask") = Tensor::full({2, 48, 63}, 1);
  save_safetensors(folder / "bad.safetensors", input);
  draw_tiny_detr(folder / "detr");
  for (const char* name : {"in", "half"}) {
    const Outcome outcome = run(std::string("$fovea run -m detr --input ") + name + ".safetensors --output " +
                                name + ".out.safetensors");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "logits  [2, 19, 4]\npred_boxes  [2, 19, 4]\n");
  }
  const Tensor whole = Safetensors(folder / "in.out.safetensors").read("logits"),
               half = Safetensors(folder / "half.out.safetensors").read("logits");
  EXPECT_NE(whole.data()[0], half.data()[0]);
  const Outcome bad = run("$fovea run -m detr --input bad.safetensors --output out.safetensors");
  EXPECT_EQ(bad.code, 3);
  EXPECT_NE(bad.err.find("pixel_mask is [2, 48, 63]; it must be [2, 48, 64]"), std::string::npos) << bad.err;
  const Outcome shown = run("$fovea models show detr");
  EXPECT_NE(shown.out.find("DetrForObjectDetection"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("the longer at most 80"), std::string::npos) << shown.out;
  EXPECT_EQ(Json::parse(run("$fovea models show detr --json").out).at("labels").size(), 3u);
  EXPECT_EQ(run("$fovea detect p -m detr --format ndjson").code, 0);
  const Outcome bench = run("$fovea bench -m detr --random-weights --size 40x64 --runs 2 --layers --batch 2");
  EXPECT_NE(bench.out.find("detr  40x64  batch 2"), std::string::npos) << bench.out;
  EXPECT_NE(bench.out.find("backbone."), std::string::npos) << bench.out;
  EXPECT_EQ(Json::parse(run("$fovea bench -m detr --random-weights --runs 2 --json").out).at("width"), 80);
}

}  // namespace
}  // namespace fovea
