#include "vision/coco_eval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/base/rng.h"
#include "tests/vision/annotated.h"
#include "vision/coco_results.h"

namespace fovea {
namespace {

constexpr double kClose = 1e-12;

Annotation object_at(const Box& box, int64_t category = 0) {
  return {.box = box, .category = category, .area = box.width() * box.height()};
}

// One picture, one category, these objects.
AnnotatedPictures one_picture(std::vector<Annotation> objects) {
  return data_set({{7, "cell"}}, {shown_objects(5, std::move(objects))});
}

constexpr Box kHere{10, 10, 30, 30}, kThere{50, 50, 70, 70}, kNowhere{200, 200, 220, 220};

TEST(EvenlySpaced, IsCocosToTheBit) {
  const std::vector<double> ious = CocoParams().iou_thresholds, recalls = CocoParams().recall_thresholds;
  ASSERT_EQ(ious.size(), 10u);
  EXPECT_EQ(ious[0], 0.5);
  EXPECT_EQ(ious[5], 0.75);
  EXPECT_EQ(ious[9], 0.95);
  ASSERT_EQ(recalls.size(), 101u);
  EXPECT_EQ(recalls[29], 0.29);
  EXPECT_EQ(recalls[100], 1);
  EXPECT_EQ(evenly_spaced(3, 4, 1), std::vector<double>{3});
}

TEST(CocoEval, FindsAllOfAPerfectDetector) {
  const auto truth = one_picture({object_at(kHere), object_at(kThere)});
  const std::vector<ScoredBox> found = {{0, 0, kHere, 0.9}, {0, 0, kThere, 0.8}};
  const CocoEvaluation evaluation = evaluate_detections(truth, found);
  // Both are small: 400 pixels. The best detection alone finds one of two.
  const std::array<double, 12> want = {1, 1, 1, 1, -1, -1, 0.5, 1, 1, 1, -1, -1};
  for (size_t i = 0; i < 12; ++i) EXPECT_NEAR(evaluation.stats[i], want[i], kClose) << i;
  EXPECT_EQ(evaluation.objects, (std::vector<int64_t>{2, 2, 0, 0}));
  EXPECT_EQ(evaluation.detections, std::vector<int64_t>{2});
  EXPECT_EQ(evaluation.categories.at(0).name, "cell");
}

TEST(CocoEval, EmptyTruthHasNoFigures) {
  const std::vector<ScoredBox> found = {{0, 0, kHere, 0.9}};
  for (const double figure : evaluate_detections(one_picture({}), found).stats) EXPECT_EQ(figure, -1);
  for (const double figure : evaluate_detections({}, {}).stats) EXPECT_EQ(figure, -1);
}

TEST(CocoEval, NoDetectionsFindNothing) {
  const CocoEvaluation evaluation = evaluate_detections(one_picture({object_at(kHere)}), {});
  EXPECT_EQ(evaluation.ap(), 0);
  EXPECT_EQ(evaluation.stats[8], 0);
  EXPECT_EQ(evaluation.stats[4], -1);
}

// Right, wrong, right: precision 1 up to recall 1/2, then 2/3.
TEST(CocoEval, InterpolatesPrecision) {
  const auto truth = one_picture({object_at(kHere), object_at(kThere)});
  const std::vector<ScoredBox> found = {{0, 0, kHere, 0.9}, {0, 0, kNowhere, 0.8}, {0, 0, kThere, 0.7}};
  const CocoEvaluation evaluation = evaluate_detections(truth, found);
  EXPECT_NEAR(evaluation.ap(), (51 + 50 * 2.0 / 3) / 101, kClose);
  const std::vector<double> precision = evaluation.curve(evaluation.precision, 0.75, 0);
  const std::vector<double> scores = evaluation.curve(evaluation.scores, 0.75, 0);
  ASSERT_EQ(precision.size(), 101u);
  EXPECT_NEAR(precision[50], 1, kClose);
  EXPECT_NEAR(precision[51], 2.0 / 3, kClose);
  EXPECT_EQ(scores[50], 0.9);
  EXPECT_EQ(scores[51], 0.7);
  EXPECT_TRUE(evaluation.curve(evaluation.precision, 0.51, 0).empty());
}

TEST(CocoEval, CountsAtTheThresholdsThatAnOverlapReaches) {
  const auto truth = one_picture({object_at({0, 0, 100, 100})});
  const std::vector<ScoredBox> found = {{0, 0, {0, 0, 100, 62}, 0.9}};  // IoU 0.62: of ten thresholds three
  const CocoEvaluation evaluation = evaluate_detections(truth, found);
  EXPECT_NEAR(evaluation.ap(), 0.3, kClose);
  EXPECT_NEAR(evaluation.ap50(), 1, kClose);
  EXPECT_EQ(evaluation.stats[2], 0);
  EXPECT_NEAR(evaluation.mean_recall({.iou = 0.5}), 1, kClose);
}

TEST(CocoEval, TakesCocosOwnNumbersWhereEdgesMissADigit) {
  const std::array<double, 4> object = {16.74, 52.0, 19.46, 1}, half = {16.74, 52.0, 9.73, 1};
  auto truth = one_picture({object_at(scored_box(0, 0, object, 1).box)});
  truth.pictures[0].objects[0].bbox = object;
  const CocoEvaluation exact = evaluate_detections(truth, std::vector{scored_box(0, 0, half, 0.9)});
  EXPECT_NEAR(exact.ap50(), 1, kClose);
  truth.pictures[0].objects[0].bbox = {};
  const std::vector<ScoredBox> edges = {{0, 0, scored_box(0, 0, half, 1).box, 0.9}};
  EXPECT_EQ(evaluate_detections(truth, edges).ap50(), 0);
}

TEST(CocoEval, ACrowdIsNoMissAndTakesAnyNumber) {
  Annotation crowd = object_at({100, 100, 200, 200});
  crowd.crowd = true;
  const auto truth = one_picture({crowd, object_at(kHere)});
  // Two lie within the crowd: their overlap is the share of their own area.
  const std::vector<ScoredBox> found = {
      {0, 0, {110, 110, 130, 130}, 0.9}, {0, 0, {150, 150, 190, 190}, 0.8}, {0, 0, kHere, 0.7}};
  const CocoEvaluation evaluation = evaluate_detections(truth, found);
  EXPECT_NEAR(evaluation.ap(), 1, kClose);
  EXPECT_EQ(evaluation.objects[0], 1);
  auto no_crowd = truth;
  no_crowd.pictures[0].objects[0].crowd = false;
  EXPECT_LT(evaluate_detections(no_crowd, found).ap(), 0.5);
}

TEST(CocoEval, AnObjectGoesBeforeACrowdAroundIt) {
  Annotation crowd = object_at({0, 0, 100, 100});
  crowd.crowd = true;
  const auto truth = one_picture({crowd, object_at({10, 10, 30, 29})});
  const std::vector<ScoredBox> found = {{0, 0, kHere, 0.9}};  // the crowd overlaps it more
  EXPECT_NEAR(evaluate_detections(truth, found).ap50(), 1, kClose);
}

TEST(CocoEval, ADifficultObjectIsNoMissAndTakesOne) {
  Annotation hard = object_at(kThere);
  hard.difficult = true;
  const auto truth = one_picture({hard, object_at(kHere)});
  EXPECT_NEAR(evaluate_detections(truth, std::vector<ScoredBox>{{0, 0, kHere, 0.7}}).ap(), 1, kClose);
  const std::vector<ScoredBox> both = {{0, 0, kThere, 0.9}, {0, 0, kHere, 0.7}};
  EXPECT_NEAR(evaluate_detections(truth, both).ap(), 1, kClose);
  const std::vector<ScoredBox> twice = {{0, 0, kThere, 0.9}, {0, 0, kThere, 0.8}, {0, 0, kHere, 0.7}};
  EXPECT_NEAR(evaluate_detections(truth, twice).ap(), 0.5, kClose);
}

TEST(CocoEval, EqualScoresKeepTheirOrder) {
  const auto truth = one_picture({object_at(kHere)});
  const std::vector<ScoredBox> right_first = {{0, 0, kHere, 0.5}, {0, 0, kNowhere, 0.5}};
  const std::vector<ScoredBox> wrong_first = {{0, 0, kNowhere, 0.5}, {0, 0, kHere, 0.5}};
  EXPECT_NEAR(evaluate_detections(truth, right_first).ap(), 1, kClose);
  EXPECT_NEAR(evaluate_detections(truth, wrong_first).ap(), 0.5, kClose);
  EXPECT_EQ(evaluate_detections(truth, wrong_first).stats[6], 0);  // the one that counts is wrong
}

TEST(CocoEval, EqualScoresOfSeveralPicturesGoByTheirIds) {
  AnnotatedPictures truth =
      data_set({{1, "cell"}}, {shown_objects(20, {object_at(kHere)}), shown_objects(10)});
  const std::vector<ScoredBox> found = {{0, 0, kHere, 0.5}, {1, 0, kHere, 0.5}};
  EXPECT_NEAR(evaluate_detections(truth, found).ap(), 0.5, kClose);  // picture 10 is first, and wrong
  truth.pictures[1].id = 30;
  EXPECT_NEAR(evaluate_detections(truth, found).ap(), 1, kClose);
}

TEST(CocoEval, TheHundredBestOfAPictureCount) {
  const auto truth = one_picture({object_at(kHere)});
  std::vector<ScoredBox> found(100, {0, 0, kNowhere, 0.9});
  found.push_back({0, 0, kHere, 0.1});
  EXPECT_EQ(evaluate_detections(truth, found).stats[8], 0);
  EXPECT_EQ(evaluate_detections(truth, found).detections[0], 100);
  found.erase(found.begin());
  EXPECT_NEAR(evaluate_detections(truth, found).stats[8], 1, kClose);
  EXPECT_NEAR(evaluate_detections(truth, found).ap(), 0.01, kClose);
  EXPECT_EQ(evaluate_detections(truth, found).stats[7], 0);  // of the ten best
}

TEST(CocoEval, WhatLiesOutsideAnAreaRangeDoesNotCountThere) {
  const Box large{300, 300, 400, 400};
  const auto truth = one_picture({object_at(kHere), object_at(large)});
  const std::vector<ScoredBox> found = {
      {0, 0, {500, 500, 700, 700}, 0.9}, {0, 0, large, 0.8}, {0, 0, kHere, 0.7}};
  const CocoEvaluation evaluation = evaluate_detections(truth, found);
  EXPECT_NEAR(evaluation.stats[3], 1, kClose);    // small: neither large box is a false alarm
  EXPECT_EQ(evaluation.stats[4], -1);             // medium: no object
  EXPECT_NEAR(evaluation.stats[5], 0.5, kClose);  // large
  EXPECT_NEAR(evaluation.ap(), 2.0 / 3, kClose);
}

TEST(CocoEval, AnAreaRangeHoldsBothItsEnds) {
  const Box box{0, 0, 32, 32};
  const CocoEvaluation evaluation =
      evaluate_detections(one_picture({object_at(box)}), std::vector<ScoredBox>{{0, 0, box, 1}});
  EXPECT_NEAR(evaluation.stats[3], 1, kClose);
  EXPECT_NEAR(evaluation.stats[4], 1, kClose);
}

TEST(CocoEval, CategoriesCountTheSame) {
  const auto truth = data_set({{9, "rare"}, {3, "common"}, {4, "absent"}},
                              {shown_objects(1, {object_at(kHere, 1), object_at(kThere, 0)})});
  const std::vector<ScoredBox> found = {{0, 1, kHere, 0.9}, {0, 2, kHere, 0.9}};
  const CocoEvaluation evaluation = evaluate_detections(truth, found);
  ASSERT_EQ(evaluation.categories.size(), 3u);
  EXPECT_EQ(evaluation.categories[0].name, "common");  // by ascending id
  EXPECT_NEAR(evaluation.mean_precision({.category = 0}), 1, kClose);
  EXPECT_EQ(evaluation.mean_precision({.category = 1}), -1);
  EXPECT_EQ(evaluation.mean_precision({.category = 2}), 0);
  EXPECT_NEAR(evaluation.ap(), 0.5, kClose);
}

TEST(CocoEval, WithoutCategoriesABoxFitsAnyObject) {
  const auto truth = data_set({{1, "a"}, {2, "b"}}, {shown_objects(1, {object_at(kHere, 0)})});
  const std::vector<ScoredBox> found = {{0, 1, kHere, 0.9}};
  EXPECT_EQ(evaluate_detections(truth, found).ap(), 0);
  const CocoEvaluation any = evaluate_detections(truth, found, {.by_category = false});
  EXPECT_NEAR(any.ap(), 1, kClose);
  EXPECT_EQ(any.categories.size(), 1u);
  // Of equal scores the one of the lower category is first.
  const std::vector<ScoredBox> both = {{0, 1, kHere, 0.9}, {0, 0, kNowhere, 0.9}};
  EXPECT_NEAR(evaluate_detections(truth, both, {.by_category = false}).ap(), 0.5, kClose);
}

TEST(CocoEval, LooksOnlyAtWhatIsChosen) {
  const auto truth =
      data_set({{1, "a"}, {2, "b"}}, {shown_objects(1, {object_at(kHere, 0)}),
                                      shown_objects(2, {object_at(kHere, 0), object_at(kThere, 1)})});
  const std::vector<ScoredBox> found = {{0, 0, kHere, 0.9}};
  EXPECT_NEAR(evaluate_detections(truth, found).ap(), 51.0 / 101 / 2, kClose);
  EXPECT_NEAR(evaluate_detections(truth, found, {.pictures = {1}}).ap(), 1, kClose);
  EXPECT_NEAR(evaluate_detections(truth, found, {.categories = {1}}).ap(), 51.0 / 101, kClose);
  EXPECT_EQ(evaluate_detections(truth, found, {.pictures = {1}, .categories = {2}}).ap(), -1);
}

TEST(CocoEval, OwnThresholds) {
  const auto truth = one_picture({object_at({0, 0, 100, 100})});
  const std::vector<ScoredBox> found = {{0, 0, {0, 0, 100, 40}, 0.9}};
  const CocoEvaluation evaluation = evaluate_detections(
      truth, found, {.iou_thresholds = {0.3, 0.5}, .recall_thresholds = {0.5}, .max_detections = {100, 1}});
  EXPECT_EQ(evaluation.params.max_detections, (std::vector<int64_t>{1, 100}));
  EXPECT_EQ(evaluation.precision.size(), 2u * 1 * 1 * 4 * 2);
  EXPECT_NEAR(evaluation.ap(), 0.5, kClose);
  EXPECT_EQ(evaluation.stats[1], -1);  // asks for a third number of detections
  EXPECT_NEAR(evaluation.mean_precision({.iou = 0.3}), 1, kClose);
}

AnnotatedPictures random_truth(Rng& rng, int64_t pictures, std::vector<ScoredBox>& found) {
  AnnotatedPictures truth;
  for (int64_t c = 0; c < 5; ++c) truth.categories.push_back({c + 1, "c" + std::to_string(c)});
  const auto number = [&](uint64_t below) { return static_cast<double>(rng.next() % below); };
  for (int64_t p = 0; p < pictures; ++p) {
    truth.pictures.push_back(shown_objects(pictures - p));
    for (int i = 0; i < 8; ++i) {
      const double x = number(300), y = number(300), width = 5 + number(120), height = 5 + number(120);
      const auto category = static_cast<int64_t>(rng.next() % 5);
      truth.pictures.back().objects.push_back(object_at({x, y, x + width, y + height}, category));
      truth.pictures.back().objects.back().crowd = rng.next() % 9 == 0;
      for (int d = 0; d < 3; ++d)
        found.push_back({p,
                         static_cast<int64_t>((static_cast<uint64_t>(category) + (rng.next() % 8 == 0)) % 5),
                         {x + number(9), y + number(9), x + width + number(9), y + height},
                         number(20) / 20});
    }
  }
  return truth;
}

TEST(CocoEval, ThreadsChangeNoBit) {
  Rng rng(3);
  std::vector<ScoredBox> found;
  const AnnotatedPictures truth = random_truth(rng, 200, found);
  std::vector<CocoEvaluation> evaluations;
  for (const int count : {1, 4}) {
    Threads threads(count);
    threads.run([&] { evaluations.push_back(evaluate_detections(truth, found)); });
  }
  EXPECT_GT(evaluations[0].ap(), 0.1);
  EXPECT_EQ(evaluations[0].stats, evaluations[1].stats);
  EXPECT_EQ(evaluations[0].precision, evaluations[1].precision);
  EXPECT_EQ(evaluations[0].recall, evaluations[1].recall);
  EXPECT_EQ(evaluations[0].scores, evaluations[1].scores);
}

TEST(CocoEval, RefusesWhatItCannotJudge) {
  const auto truth = one_picture({object_at(kHere)});
  const auto with = [&](const ScoredBox& box, const CocoParams& params = {}) {
    return evaluate_detections(truth, std::span(&box, 1), params);
  };
  EXPECT_THROW(with({1, 0, kHere, 0.5}), Error);
  EXPECT_THROW(with({0, -1, kHere, 0.5}), Error);
  EXPECT_THROW(with({0, 0, kHere, NAN}), Error);
  EXPECT_THROW(with({0, 0, kHere, 0.5}, {.iou_thresholds = {}}), Error);
  EXPECT_THROW(with({0, 0, kHere, 0.5}, {.iou_thresholds = {1.5}}), Error);
  EXPECT_THROW(with({0, 0, kHere, 0.5}, {.max_detections = {-1}}), Error);
  EXPECT_THROW(with({0, 0, kHere, 0.5}).mean_precision({.category = 1}), Error);
}

// The COCO API's own example, and the result that is published with it.
TEST(CocoEval, PublishedExample) {
  const std::filesystem::path folder = FOVEA_SOURCE_DIR "/../shared/reference/cocoapi";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << folder << " is absent";
  const AnnotatedPictures truth = read_annotations(
      {.path = folder / "instances_val2014_100.json", .clip = false, .check = PictureCheck::kNone});
  const CocoResults results = read_coco_results(folder / "instances_val2014_fakebbox100_results.json", truth);
  std::ifstream file(folder / "val2014_fake_eval_res.txt");
  std::string published, line, ours = coco_summary(evaluate_detections(truth, results.boxes));
  bool boxes = false;
  while (std::getline(file, line)) {
    if (line.starts_with("type=")) boxes = line == "type=bbox";
    if (boxes && line.starts_with(" Average")) published += line + "\n";
  }
  const auto squeezed = [](std::string text) {  // the publication is set with other spaces
    std::erase(text, ' ');
    return text;
  };
  EXPECT_NE(published.find("= 0.505"), std::string::npos);
  EXPECT_EQ(squeezed(ours), squeezed(published));
}

}  // namespace
}  // namespace fovea
