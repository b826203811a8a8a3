#include "models/pipelines/select_detections.h"

#include <cmath>
#include <limits>

#include "tests/models/refusal.h"

namespace fovea {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// A batch of two pictures; the second has two queries with two classes, and "nothing" for a softmax.
BoxPredictions predictions() {
  return {Tensor(Shape{2, 2, 3}, std::vector<float>{9, 9, 9, 9, 9, 9, 1, 3, 2, 4, 0, 0}),
          Tensor(Shape{2, 2, 4}, std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 0.5f, 0.5f, 0.2f, 0.4f, 0.1f,
                                                    0.75f, 0.4f, 0.5f})};
}

float sigmoid(float x) {
  return static_cast<float>(1 / (1 + std::exp(-double{x})));
}

TEST(SelectDetections, TakesEachQuerysBestClassOfASoftmax) {
  const Detections got = select_detections(predictions(), 1, {100, 50}, {.threshold = 0.1f});
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].query, 1);
  EXPECT_EQ(got[0].class_id, 0);
  EXPECT_NEAR(got[0].score, std::exp(4) / (std::exp(4) + 2), 1e-6);
  EXPECT_EQ(got[1].query, 0);
  EXPECT_EQ(got[1].class_id, 1);  // "nothing" takes its share, but is not the answer
  EXPECT_NEAR(got[1].score, std::exp(3) / (std::exp(1) + std::exp(3) + std::exp(2)), 1e-6);
  EXPECT_NEAR(got[1].box.x0, 40, 1e-4);
  EXPECT_NEAR(got[1].box.y0, 15, 1e-4);
  EXPECT_NEAR(got[1].box.x1, 60, 1e-4);
  EXPECT_NEAR(got[1].box.y1, 35, 1e-4);
}

TEST(SelectDetections, ScoresAreAboveTheThreshold) {
  const Detections all = select_detections(predictions(), 1, {1, 1}, {.threshold = 0});
  EXPECT_EQ(select_detections(predictions(), 1, {1, 1}, {.threshold = all[1].score}).size(), 1u);
  const float below = std::nextafter(all[1].score, 0.0f);
  EXPECT_EQ(select_detections(predictions(), 1, {1, 1}, {.threshold = below}).size(), 2u);
}

TEST(SelectDetections, TakesTheBestPairsOfSigmoids) {
  DetectionChoice choice{.scores = BoxScores::kSigmoid, .threshold = 0.6f};
  const std::vector<Detection> want = {
      {{}, 0, sigmoid(4), 1}, {{}, 1, sigmoid(3), 0}, {{}, 2, sigmoid(2), 0}, {{}, 0, sigmoid(1), 0}};
  const auto expect = [&](size_t count) {
    const Detections got = select_detections(predictions(), 1, {100, 50}, choice);
    ASSERT_EQ(got.size(), count);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(got[i].query, want[i].query);
      EXPECT_EQ(got[i].class_id, want[i].class_id);
      EXPECT_EQ(got[i].score, want[i].score);
    }
  };
  expect(4);
  choice.top_k = 3;
  expect(3);
  choice.top_k = 0;  // as many as there are queries
  expect(2);
}

TEST(SelectDetections, ClipsIfAsked) {
  DetectionChoice choice{.threshold = 0.1f};
  EXPECT_NEAR(select_detections(predictions(), 1, {100, 50}, choice)[0].box.x0, -10, 1e-4);
  choice.clip = true;
  const Box box = select_detections(predictions(), 1, {100, 50}, choice)[0].box;
  EXPECT_EQ(box.x0, 0);
  EXPECT_NEAR(box.x1, 30, 1e-4);
  EXPECT_EQ(box.y1, 50);
}

TEST(SelectDetections, LeavesNanOut) {
  BoxPredictions bad = predictions();
  bad.logits.mutable_data()[6] = kNan;
  EXPECT_EQ(select_detections(bad, 1, {1, 1}, {.threshold = 0}).size(), 1u);
  EXPECT_EQ(select_detections(bad, 1, {1, 1}, {.scores = BoxScores::kSigmoid, .threshold = 0}).size(), 5u);
}

TEST(SelectDetections, RefusesWhatDoesNotBelongTogether) {
  BoxPredictions bad = predictions();
  expect_words(refusal_of([&] { select_detections(bad, 2, {1, 1}, {}); }), {"picture 2"});
  expect_words(refusal_of([&] { select_detections(bad, 0, {1, 1}, {.top_k = -1}); }), {"top_k"});
  bad.boxes = Tensor::full({2, 3, 4}, 0);
  expect_words(refusal_of([&] { select_detections(bad, 0, {1, 1}, {}); }), {"belong together"});
  bad = {Tensor::full({1, 2, 1}, 0), Tensor::full({1, 2, 4}, 0)};
  expect_words(refusal_of([&] { select_detections(bad, 0, {1, 1}, {}); }), {"nothing"});
}

}  // namespace
}  // namespace fovea
