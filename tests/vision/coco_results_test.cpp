#include "vision/coco_results.h"

#include <gtest/gtest.h>

#include <fstream>

#include "attention/base/error.h"
#include "tests/support/temp_folder.h"
#include "tests/vision/annotated.h"

namespace fovea {
namespace {

const AnnotatedPictures kTruth = data_set(
    {{3, "car"}, {18, "dog"}}, {shown_objects(42), shown_objects(7), shown_objects(9007199254740992)});

CocoResults parse(const std::string& json) {
  return parse_coco_results(json, "dt.json", kTruth);
}

// The reason why it is refused.
std::string refusal(const std::string& json) {
  try {
    parse(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "it is taken";
}

const std::string kTwo =
    R"([{"image_id": 42, "category_id": 18, "bbox": [258.15, 41.29, 348.26, 243.78], "score": 0.236},
 {"score": 1, "bbox": [61, 22.75, 504, 609.67], "image_id": 7, "category_id": 3,
  "segmentation": {"size": [2, 3], "counts": "aé\"]"}, "keypoints": [[1, 2], {"bbox": [null, "x"]}], "area": null}
])";

TEST(CocoResults, ReadsWhatItNeeds) {
  const CocoResults results = parse(kTwo);
  ASSERT_EQ(results.boxes.size(), 2u);
  EXPECT_EQ(results.of_unknown_categories, 0);
  const ScoredBox &first = results.boxes[0], &second = results.boxes[1];
  EXPECT_EQ(first.picture, 0);
  EXPECT_EQ(first.category, 1);
  EXPECT_EQ(first.box, (Box{258.15, 41.29, 258.15 + 348.26, 41.29 + 243.78}));
  EXPECT_EQ(first.score, 0.236);
  EXPECT_EQ(first.area, 348.26 * 243.78);
  EXPECT_EQ(second.picture, 1);
  EXPECT_EQ(second.category, 0);
  EXPECT_EQ(second.score, 1);
}

TEST(CocoResults, NoResultsAreFine) {
  EXPECT_TRUE(parse("[]").boxes.empty());
  EXPECT_TRUE(parse(" [ ]\n").boxes.empty());
  EXPECT_TRUE(parse("\xEF\xBB\xBF[]").boxes.empty());
}

TEST(CocoResults, EveryPrefixIsRefused) {
  for (size_t length = 0; length < kTwo.size(); ++length) {
    const std::string reason = refusal(kTwo.substr(0, length));
    EXPECT_TRUE(reason.starts_with("dt.json: is no JSON, or not all of it")) << length << ": " << reason;
  }
}

TEST(CocoResults, SaysWhichResultIsWrong) {
  const auto with = [](const std::string& members) {
    return refusal(R"([{"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5}, {)" + members +
                   "}]");
  };
  const auto expect = [](const std::string& reason, const std::string& part) {
    EXPECT_NE(reason.find("result 1: " + part), std::string::npos) << reason;
    EXPECT_EQ(reason.find('\n'), std::string::npos) << reason;
  };
  expect(with(R"("category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5)"), "has no 'image_id'");
  expect(with(R"("image_id": 7, "bbox": [1, 2, 3, 4], "score": 0.5)"), "has no 'category_id'");
  expect(with(R"("image_id": 7, "category_id": 3, "score": 0.5)"), "has no 'bbox'");
  expect(with(R"("image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4])"), "has no 'score'");
  expect(with(R"("image_id": 7, "category_id": 3, "bbox": [1, 2, 3], "score": 0.5)"), "'bbox' has 3 numbers");
  expect(with(R"("image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4, 5], "score": 0.5)"), "'bbox' has 5");
  expect(with(R"("image_id": 7, "category_id": 3, "bbox": [1, 2, [3], 4], "score": 0.5)"),
         "'bbox' holds a list");
  expect(with(R"("image_id": 7, "category_id": 3, "bbox": [1, 2, null, 4], "score": 0.5)"),
         "'bbox' holds null");
  expect(with(R"("image_id": 7, "category_id": 3, "bbox": {"x": 1}, "score": 0.5)"), "'bbox' is an object");
  expect(with(R"("image_id": 7, "category_id": 3, "bbox": 4, "score": 0.5)"), "'bbox' is a number");
  expect(with(R"("image_id": "7", "category_id": 3)"), "'image_id' is a text");
  expect(with(R"("image_id": 7.5, "category_id": 3)"), "'image_id' is no whole number");
  expect(with(R"("image_id": 1e300, "category_id": 3)"), "'image_id' is no whole number");
  expect(with(R"("image_id": 7, "category_id": true)"), "'category_id' is true or false");
  expect(with(R"("image_id": 7, "score": null)"), "'score' is null");
  expect(with(R"("score": [1])"), "'score' is a list");
}

TEST(CocoResults, RefusesNumbersThatAreNone) {
  for (const char* score : {"NaN", "Infinity", "-Infinity", "1e999", "0x1", "+1"}) {
    const std::string reason = refusal(
        R"([{"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "score": )" + std::string(score) + "}]");
    EXPECT_NE(reason.find("dt.json: is no JSON"), std::string::npos) << score << ": " << reason;
  }
}

TEST(CocoResults, RefusesOtherJson) {
  EXPECT_NE(refusal(R"({"annotations": []})").find("holds an object; COCO results are"), std::string::npos);
  EXPECT_NE(refusal("3").find("holds a number"), std::string::npos);
  EXPECT_NE(refusal("[3]").find("result 0: is a number"), std::string::npos);
  EXPECT_NE(refusal("[[]]").find("result 0 is a list"), std::string::npos);
  EXPECT_NE(refusal("[] []").find("is no JSON"), std::string::npos);
  EXPECT_NE(refusal(std::string(200'000, '[')).find("result 0 is a list"), std::string::npos);
}

TEST(CocoResults, DeepNestingInWhatIsPassedOverIsHarmless) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const CocoResults results = parse(R"([{"image_id": 7, "category_id": 3, "segmentation": )" + deep +
                                    R"(, "bbox": [1, 2, 3, 4], "score": 0.5}])");
  ASSERT_EQ(results.boxes.size(), 1u);
  EXPECT_EQ(results.boxes[0].box, (Box{1, 2, 4, 6}));
}

TEST(CocoResults, UnknownIds) {
  EXPECT_NE(refusal(R"([{"image_id": 8, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5}])")
                .find("result 0 is of picture 8, which is not in the data set"),
            std::string::npos);
  const std::string stranger = R"({"image_id": 7, "category_id": 4, "bbox": [1, 2, 3, 4], "score": 0.5})";
  const std::string known = R"({"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5})";
  EXPECT_NE(refusal("[" + stranger + "]").find("not one result is of a category of the data set"),
            std::string::npos);
  const CocoResults results = parse("[" + stranger + "," + known + "," + stranger + "]");
  EXPECT_EQ(results.boxes.size(), 1u);
  EXPECT_EQ(results.of_unknown_categories, 2);
}

TEST(CocoResults, WhatIsWrittenReadsBackTheSame) {
  const std::vector<ScoredBox> boxes = {scored_box(0, 1, {0.1, 0.2, 1.0 / 3, 1e-7}, 0.30000001192092896),
                                        scored_box(2, 0, {5, 6, 70, 80}, 1)};
  const std::string json = coco_results_json(boxes, kTruth);
  const CocoResults results = parse(json);
  ASSERT_EQ(results.boxes.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(results.boxes[i].picture, boxes[i].picture);
    EXPECT_EQ(results.boxes[i].category, boxes[i].category);
    EXPECT_EQ(results.boxes[i].score, boxes[i].score);
    EXPECT_NEAR(results.boxes[i].box.x1, boxes[i].box.x1, 1e-15);
  }
  EXPECT_NE(json.find(R"({"image_id":9007199254740992,"category_id":3,"bbox":[5,6,70,80],"score":1})"),
            std::string::npos);
  EXPECT_EQ(parse(coco_results_json({}, kTruth)).boxes.size(), 0u);
}

TEST(CocoResults, FilesThatCannotBeRead) {
  const TempFolder folder;
  EXPECT_THROW(read_coco_results(folder.path() / "none.json", kTruth), Error);
  EXPECT_THROW(read_coco_results(folder.path(), kTruth), Error);
  std::ofstream(folder.path() / "dt.json") << kTwo;
  EXPECT_EQ(read_coco_results(folder.path() / "dt.json", kTruth).boxes.size(), 2u);
}

}  // namespace
}  // namespace fovea
