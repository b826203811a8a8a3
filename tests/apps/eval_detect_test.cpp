#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/apps/process.h"
#include "tests/apps/tiny_vit.h"
#include "tests/support/painted_boxes.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

// Two pictures with a dog each and a cat; of what was found one box is right to the pixel, one has an IoU of
// 0.6 with the truth, and one is nowhere. No picture is there.
class EvalDetect : public testing::Test {
 protected:
  EvalDetect() {
    folder.write("gt.json", R"({"images": [
      {"id": 1, "file_name": "1.jpg", "width": 640, "height": 480}, {"id": 2, "file_name": "2.jpg", "width": 640, "height": 480}],
      "annotations": [
      {"id": 1, "image_id": 1, "category_id": 18, "bbox": [10, 10, 100, 100], "area": 10000, "iscrowd": 0},
      {"id": 2, "image_id": 2, "category_id": 18, "bbox": [10, 10, 100, 100], "area": 10000, "iscrowd": 0},
      {"id": 3, "image_id": 2, "category_id": 17, "bbox": [300, 300, 20, 20], "area": 400, "iscrowd": 0}],
      "categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog, large"}]})");
    folder.write("dt.json", R"([
      {"image_id": 1, "category_id": 18, "bbox": [10, 10, 100, 100], "score": 0.9},
      {"image_id": 2, "category_id": 18, "bbox": [10, 10, 100, 62], "score": 0.8},
      {"image_id": 2, "category_id": 17, "bbox": [100, 100, 20, 20], "score": 0.7}])");
  }
  Outcome run(const std::string& line) const { return shell(folder, line); }
  Outcome judge(const std::string& options) const { return run(kJudge + options); }
  std::string text(const std::string& name) const { return read_file(folder / name); }

  const std::string kJudge = "$fovea eval detect --data gt.json --results dt.json ";
  TestFolder folder;
};

bool one_line(const std::string& text) {
  return !text.empty() && std::count(text.begin(), text.end(), '\n') == 1;
}

TEST_F(EvalDetect, PrintsCocosTwelveLinesAndTheClasses) {
  const Outcome outcome = judge("");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  // Dogs: 1 at the three lower thresholds, else the first half of the recall. Cats: nothing.
  EXPECT_EQ(outcome.out,
            "dt.json  gt.json  2 pictures, 3 objects, 3 detections\n"
            "\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.327\n"
            " Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.500\n"
            " Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.252\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.000\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = -1.000\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.653\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.325\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 0.325\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.325\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.000\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = -1.000\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.650\n"
            "\n"
            "  class          AP   AP50   AP75  small medium  large     AR  objects  detections\n"
            "  cat         0.000  0.000  0.000  0.000      -      -  0.000        1           1\n"
            "  dog, large  0.653  1.000  0.505      -      -  0.653  0.650        2           2\n");
}

TEST_F(EvalDetect, JsonSaysAllOfIt) {
  const Outcome outcome = judge("--format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json.at("schema"), "fovea.evaluation/1");
  EXPECT_EQ(json.at("task"), "detect");
  EXPECT_TRUE(json.at("model").is_null());
  EXPECT_EQ(json.at("pictures"), 2);
  EXPECT_NEAR(json.at("figures").at("AP50").get<double>(), 0.5, 1e-12);
  EXPECT_TRUE(json.at("figures").at("AP_medium").is_null());
  EXPECT_EQ(json.at("stats").at(4), -1);
  EXPECT_EQ(json.at("classes").at(1).at("label"), "dog, large");
  EXPECT_EQ(json.at("classes").at(1).at("category_id"), 18);
  EXPECT_NEAR(json.at("classes").at(1).at("AP").get<double>(), (3 + 7 * 51.0 / 101) / 10, 1e-12);
}

TEST_F(EvalDetect, SavesTheTableAndTheCurves) {
  ASSERT_EQ(judge("--save deep/report").code, 0);
  EXPECT_TRUE(
      text("deep/report/per_class.csv")
          .starts_with("class,category_id,objects,detections,AP,AP50,AP75,AP_small,AP_medium,AP_large,AR\n"
                       "cat,17,1,1,0,0,0,0,,,0\n"
                       "\"dog, large\",18,2,2,0.6534653465346"));
  EXPECT_EQ(text("deep/report/pr_curves.png").substr(1, 3), "PNG");
  EXPECT_FALSE(std::filesystem::exists(folder / "deep/report/detections.json"));
  folder.write("file", "");
  const Outcome outcome = judge("--save file/report");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(one_line(outcome.err)) << outcome.err;
}

TEST_F(EvalDetect, EndsInSevenBelowTheGate) {
  EXPECT_EQ(judge("--min-ap 0.3").code, 0);
  const Outcome outcome = judge("--min-ap 0.33");
  EXPECT_EQ(outcome.code, 7);
  EXPECT_EQ(outcome.err, "fovea: AP 0.326733 is below --min-ap 0.33\n");
  EXPECT_NE(outcome.out.find("= 0.327"), std::string::npos);
}

TEST_F(EvalDetect, WithoutAGateNothingToFindIsNoFailure) {
  folder.write("gt.json", R"({"images": [{"id": 1, "file_name": "1.jpg", "width": 64, "height": 48}],
    "annotations": [], "categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}]})");
  folder.write("dt.json", "[]");
  EXPECT_EQ(judge("").code, 0);
  const Outcome gated = judge("--min-ap 0.1");
  EXPECT_EQ(gated.code, 7);
  EXPECT_EQ(gated.err, "fovea: there is no object to find\n");
}

TEST_F(EvalDetect, OnlyScoresAboveTheThresholdCount) {
  const Json json = Json::parse(judge("--threshold 0.8 --format json").out);
  EXPECT_EQ(json.at("detections"), 1);
  EXPECT_NEAR(json.at("figures").at("AP").get<double>(), 51.0 / 101 / 2, 1e-12);
}

TEST_F(EvalDetect, SaysWhatIsMissing) {
  folder.write("other.json", R"([{"image_id": 9, "category_id": 18, "bbox": [1, 2, 3, 4], "score": 1}])");
  folder.write("half.json", R"([{"image_id": 1, "category_id": 18, "bbox": [1, 2)");
  const auto expect = [&](const std::string& line, int code, const std::string& part) {
    const Outcome outcome = run("$fovea eval detect " + line);
    EXPECT_EQ(outcome.code, code) << line;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << line << ": " << outcome.err;
    EXPECT_TRUE(one_line(outcome.err)) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  };
  expect("--results dt.json", 2, "no data given; add --data PATH");
  expect("--data gt.json", 2, "its pictures ('1.jpg', ...) are in none of");  // which the usual model needs
  expect("--data gt.json --results dt.json -m run", 2, "choose one");
  expect("--data gt.json --results none.json", 2, "none.json: cannot be read");
  expect("--data gt.json --results gt.json", 2, "gt.json: holds an object; COCO results are");
  expect("--data gt.json --results half.json", 2, "half.json: is no JSON, or not all of it");
  expect("--data gt.json --results other.json", 2, "other.json: result 0 is of picture 9");
  expect("--data none.json --results dt.json", 2, "none.json");
  expect("--data gt.json --results dt.json --min-ap 2", 2, "--min-ap");
  EXPECT_EQ(run("FOVEA_MODEL=run; export FOVEA_MODEL; " + kJudge).code, 0);
}

TEST_F(EvalDetect, ResultsOfUnknownCategoriesAreTold) {
  folder.write("dt.json", R"([
      {"image_id": 1, "category_id": 18, "bbox": [10, 10, 100, 100], "score": 0.9},
      {"image_id": 1, "category_id": 5, "bbox": [10, 10, 100, 100], "score": 0.9}])");
  const Outcome outcome = judge("");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err,
            "fovea: dt.json: 1 result is of a category that the data lack, and does not count\n");
  EXPECT_EQ(judge("-q").err, "");
}

TEST_F(EvalDetect, OneOfAThingIsOne) {
  folder.write("gt.json", R"({"images": [{"id": 1, "file_name": "1.jpg", "width": 640, "height": 480}],
      "annotations": [
      {"id": 1, "image_id": 1, "category_id": 18, "bbox": [10, 10, 100, 100], "area": 10000, "iscrowd": 0},
      {"id": 2, "image_id": 1, "category_id": 99, "bbox": [10, 10, 100, 100], "area": 10000, "iscrowd": 0}],
      "categories": [{"id": 18, "name": "dog"}]})");
  folder.write("dt.json",
               R"([{"image_id": 1, "category_id": 18, "bbox": [10, 10, 100, 100], "score": 0.9}])");
  const Outcome outcome = judge("");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with("dt.json  gt.json  1 picture, 1 object, 1 detection\n")) << outcome.out;
  EXPECT_TRUE(outcome.err.starts_with("fovea: 1 of the data's entries was left out or repaired: "))
      << outcome.err;
  EXPECT_TRUE(one_line(outcome.err)) << outcome.err;
}

TEST_F(EvalDetect, VocDataByTheirSplit) {
  const auto annotation = [](const std::string& name, const std::string& difficult) {
    return "<annotation><filename>" + name +
           ".jpg</filename><size><width>200</width><height>100</height><depth>3</depth></size>"
           "<object><name>cell</name><difficult>0</difficult><bndbox><xmin>11</xmin><ymin>11</ymin>"
           "<xmax>30</xmax><ymax>30</ymax></bndbox></object>"
           "<object><name>cell</name><difficult>" +
           difficult +
           "</difficult><bndbox><xmin>51</xmin><ymin>51</ymin><xmax>70</xmax><ymax>70</ymax></bndbox></"
           "object>"
           "</annotation>";
  };
  folder.write("voc/Annotations/a.xml", annotation("a", "0"));
  folder.write("voc/Annotations/b.xml", annotation("b", "1"));
  folder.write("voc/ImageSets/Main/train.txt", "a\n");
  folder.write("voc/ImageSets/Main/test.txt", "b\n");
  folder.write("dt.json", "[]");
  for (const char* split : {"", "--split test "}) {
    const Outcome outcome =
        run("$fovea eval detect --data voc --results dt.json --format json " + std::string(split));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Json json = Json::parse(outcome.out);
    EXPECT_EQ(json.at("split"), "test");
    EXPECT_EQ(json.at("pictures"), 1);
    EXPECT_EQ(json.at("objects"), 1);  // the difficult one is no miss
    EXPECT_EQ(json.at("classes").at(0).at("label"), "cell");
  }
  EXPECT_EQ(
      Json::parse(run("$fovea eval detect --data voc --results dt.json --format json --split train").out)
          .at("objects"),
      2);
  EXPECT_EQ(run("$fovea eval detect --data voc --results dt.json --split none").code, 2);
}

// A detector that has hardly learnt anything, and the six pictures that it comes from.
class EvalDetector : public testing::Test {
 protected:
  EvalDetector() {
    Json data = {{"categories", {{{"id", 1}, {"name", "red"}}, {{"id", 2}, {"name", "blue"}}}}};
    for (int i = 1; i <= 6; ++i) {
      const std::string file = "pictures/" + std::to_string(i) + ".ppm";
      folder.write(file, ppm(64, 48, i));
      data["images"].push_back({{"id", i}, {"file_name", file}, {"width", 64}, {"height", 48}});
      for (int object = 0; object < 2; ++object)
        data["annotations"].push_back({{"id", 2 * i + object},
                                       {"image_id", i},
                                       {"category_id", 1 + object},
                                       {"bbox", {3 * i + 20 * object, i, 20, 30}},
                                       {"area", 600},
                                       {"iscrowd", 0}});
    }
    folder.write("val.json", data.dump());
    write_tiny_detector(folder.path() / "config.json");
    const Outcome outcome =
        run("$fovea train detect --data val.json --holdout 0.34 -m config.json --size 64x96 --batch 3 "
            "--epochs 1 -o run");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  Outcome run(const std::string& line) const { return shell(folder, line); }
  Json evaluated(const std::string& options) const {
    const Outcome outcome = run("$fovea eval detect --data val.json --format json " + options);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out);
  }

  TestFolder folder;
};

TEST_F(EvalDetector, ItsSavedBoxesGiveTheSameFigures) {
  const Json json = evaluated("-m run --save report --threads 1");
  EXPECT_EQ(json.at("pictures"), 6);
  EXPECT_EQ(json.at("model"), "run");
  EXPECT_GT(json.at("detections").get<int64_t>(), 0);
  EXPECT_GT(json.at("images_per_second").get<double>(), 0);
  const Json again = evaluated("--results report/detections.json");
  EXPECT_EQ(again.at("stats"), json.at("stats"));
  EXPECT_EQ(again.at("classes"), json.at("classes"));
  EXPECT_EQ(again.at("detections"), json.at("detections"));
  const std::string found = read_file(folder / "report/detections.json");
  ASSERT_EQ(run("$fovea eval detect --data val.json -m run --save report --threads 2 --force").code, 0);
  EXPECT_EQ(read_file(folder / "report/detections.json"), found);
}

TEST_F(EvalDetector, WhereItIsSavedIsCheckedBeforeItRuns) {
  folder.write("file", "");
  folder.write("old/detections.json", "mine");
  for (const char* place : {"file/report", "/proc/x", "old"}) {
    const Outcome outcome =
        run("$fovea eval detect --data val.json -m run --save " + std::string(place) + " --progress plain");
    EXPECT_EQ(outcome.code, 2) << place;
    EXPECT_TRUE(one_line(outcome.err)) << outcome.err;  // no progress was made
    EXPECT_NE(outcome.err.find("--save: " + std::string(place)), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(read_file(folder / "old/detections.json"), "mine");
  EXPECT_FALSE(std::filesystem::exists(folder / "old/per_class.csv"));
  // Boxes of a file are not written again, so the file that is there is in nobody's way.
  folder.write("found.json", "[]");
  EXPECT_EQ(run("$fovea eval detect --data val.json --results found.json --save old").code, 0);
  EXPECT_EQ(run("$fovea eval detect --data val.json --results found.json --save old").code, 2);
  EXPECT_EQ(run("$fovea eval detect --data val.json -m run --save old --force").code, 0);
  EXPECT_NE(read_file(folder / "old/detections.json"), "mine");
}

TEST_F(EvalDetector, ResultsAreJudgedWithoutThePictures) {
  const Json want = evaluated("-m run --save report");
  std::filesystem::remove(folder / "pictures/3.ppm");
  std::filesystem::resize_file(folder / "pictures/4.ppm", 500);
  const Json got = evaluated("--results report/detections.json --images .");
  EXPECT_EQ(got.at("stats"), want.at("stats"));
  EXPECT_EQ(got.at("pictures"), 6);
  EXPECT_EQ(got.at("failures"), Json::array());
}

TEST_F(EvalDetector, APictureThatCannotBeReadDoesNotCount) {
  std::filesystem::resize_file(folder / "pictures/3.ppm", 500);
  const Outcome outcome = run("$fovea eval detect --data val.json -m run --format json");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("3.ppm"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("fovea: 1 of 6 pictures could not be read or taken\n"), std::string::npos)
      << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json.at("pictures"), 5);
  EXPECT_EQ(json.at("objects"), 10);
  EXPECT_NE(json.at("failures").at(0).at("source").get<std::string>().find("3.ppm"), std::string::npos);
}

TEST_F(EvalDetector, APictureOfAnotherSizeIsAFailureToo) {
  Json data = Json::parse(read_file(folder / "val.json"));
  data["images"][2]["width"] = 4000;
  for (Json& object : data["annotations"])
    if (object["image_id"] == data["images"][2]["id"]) object["bbox"] = {3000, 1, 500, 10};
  folder.write("val.json", data.dump());
  const Outcome outcome = run("$fovea eval detect --data val.json -m run --format json");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json.at("pictures"), 5);
  ASSERT_EQ(json.at("failures").size(), 1u);
  const auto source = json.at("failures").at(0).at("source").get<std::string>();
  EXPECT_TRUE(source.ends_with("pictures/3.ppm")) << source;
}

TEST_F(EvalDetector, AModelThatSaysNoNumberIsUnusable) {
  std::map<std::string, Tensor> weights;
  const Safetensors file(folder / "run/model.safetensors");
  for (const std::string& name : file.names()) {
    weights[name] = file.read(name);
    if (name.find("bbox_embed") != std::string::npos || name.find("bbox_predictor") != std::string::npos)
      weights[name] = Tensor::full(weights[name].shape(), NAN);
  }
  save_safetensors(folder / "run/model.safetensors", weights);
  const Outcome outcome = run("$fovea eval detect --data val.json -m run");
  EXPECT_EQ(outcome.code, 4) << outcome.out;
  EXPECT_NE(outcome.err.find("not finite; check its weights"), std::string::npos) << outcome.err;
}

TEST_F(EvalDetector, APictureThatTheModelCannotTakeDoesNotCount) {
  folder.write("pictures/3.ppm", "P6 6000 1 255\n" + std::string(18000, 'a'));
  Json data = Json::parse(read_file(folder / "val.json"));
  data["images"][2]["width"] = 6000, data["images"][2]["height"] = 1;
  data["annotations"].erase(5), data["annotations"].erase(4);
  folder.write("val.json", data.dump());
  Json recipe = Json::parse(read_file(folder / "run/preprocessor_config.json"));
  recipe["size"] = {{"shortest_edge", 64}, {"longest_edge", 96}};
  folder.write("run/preprocessor_config.json", recipe.dump());
  const Outcome outcome = run("$fovea eval detect --data val.json -m run --format json");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("3.ppm: preprocess: a picture of 6000 x 1 becomes"), std::string::npos)
      << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out).at("pictures"), 5);
}

TEST_F(EvalDetector, ClassesMustMeet) {
  const auto renamed = [&](const std::string& from, const std::string& to) {
    std::string json = read_file(folder / "val.json");
    json.replace(json.find(from), from.size(), to);
    folder.write("val.json", json);
    return run("$fovea eval detect --data val.json -m run");
  };
  EXPECT_EQ(renamed("\"red\"", "\"RED\"").err, "");
  const Outcome half = renamed("\"blue\"", "\"green\"");
  EXPECT_EQ(half.code, 0);
  EXPECT_NE(half.err.find("1 of 2 categories is not the model's, which cannot find it: 'green'"),
            std::string::npos)
      << half.err;
  const Outcome none = renamed("\"RED\"", "\"yellow\"");
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(
      none.err.find("the model's classes (red, blue) are none of the data's categories (yellow, green)"),
      std::string::npos)
      << none.err;
  EXPECT_EQ(run("$fovea eval detect --data val.json -m nowhere").code, 4);
}

}  // namespace
}  // namespace fovea
