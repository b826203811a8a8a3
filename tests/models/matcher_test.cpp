#include "models/matcher.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"
#include "tests/models/refusal.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

using Values = std::vector<float>;

BoxTargets random_targets(int64_t count, int classes, uint64_t seed) {
  BoxTargets targets;
  for (int64_t i = 0; i < count; ++i) targets.labels.push_back(static_cast<int>(i) % classes);
  if (count) targets.boxes = sigmoid(random_tensor({count, 4}, seed));
  return targets;
}

BoxPredictions random_predictions(int64_t pictures, int64_t queries, int64_t classes, uint64_t seed) {
  return {random_tensor({pictures, queries, classes}, seed),
          sigmoid(random_tensor({pictures, queries, 4}, seed + 100))};
}

bool equal(const Matches& a, const Matches& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Match& x, const Match& y) {
    return x.query == y.query && x.target == y.target;
  });
}

TEST(Matcher, CostsAreTheFormulas) {
  // Boxes that share a quarter of each, side by side: IoU 1/7, GIoU 1/7 - 2/9.
  const BoxPredictions predictions{Tensor({1, 1, 3}, Values{1, 2, 0.5f}),
                                   Tensor({1, 1, 4}, Values{0.3f, 0.3f, 0.2f, 0.2f})};
  const BoxTargets targets{{1}, Tensor({1, 4}, Values{0.4f, 0.4f, 0.2f, 0.2f})};
  const double giou = 1.0 / 7 - 2.0 / 9;
  const double p = std::exp(2.0) / (std::exp(1.0) + std::exp(2.0) + std::exp(0.5));
  EXPECT_NEAR(match_costs(predictions, 0, targets, {.label = 3, .box = 5, .giou = 2}).data()[0],
              -3 * p + 5 * 0.2 - 2 * giou, 2e-6);
  const double s = 1 / (1 + std::exp(-2.0));
  const double focal = -0.25 * (1 - s) * (1 - s) * std::log(s) + 0.75 * s * s * std::log(1 - s);
  EXPECT_NEAR(match_costs(predictions, 0, targets, {.label = 3, .scores = BoxScores::kSigmoid}).data()[0],
              3 * focal + 5 * 0.2 - 2 * giou, 2e-6);
}

TEST(Matcher, FindsEachTargetItsQuery) {
  // Queries 4, 1 and 2 are at the targets 0, 1 and 2.
  const BoxTargets targets = random_targets(3, 2, 5);
  BoxPredictions predictions = random_predictions(1, 6, 3, 1);
  for (const auto& [query, target] : {std::pair{4, 0}, {1, 1}, {2, 2}})
    std::copy_n(targets.boxes.data() + 4 * target, 4, predictions.boxes.mutable_data() + 4 * query);
  const std::vector<Matches> found = match(predictions, {targets}, {.label = 0});
  EXPECT_TRUE(equal(found.at(0), {{1, 1}, {2, 2}, {4, 0}}));
}

TEST(Matcher, PicturesAreOnTheirOwn) {
  const BoxPredictions predictions = random_predictions(3, 12, 4, 1);
  const std::vector<BoxTargets> targets = {random_targets(5, 3, 1), random_targets(0, 3, 2),
                                           random_targets(20, 3, 3)};
  const std::vector<Matches> all = match(predictions, targets, {});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].size(), 5u);
  EXPECT_TRUE(all[1].empty());
  EXPECT_EQ(all[2].size(), 12u);  // more targets than queries
  for (int64_t b = 0; b < 3; ++b) {
    const BoxPredictions own{slice(predictions.logits, 0, b, 1), slice(predictions.boxes, 0, b, 1)};
    EXPECT_TRUE(equal(all[b], match(own, {targets[b]}, {}).at(0))) << b;
    EXPECT_TRUE(std::is_sorted(all[b].begin(), all[b].end(),
                               [](const Match& x, const Match& y) { return x.query < y.query; }));
  }
}

TEST(Matcher, CopiesMatchATargetSeveralTimes) {
  const BoxPredictions predictions = random_predictions(1, 20, 3, 1);
  const BoxTargets targets = random_targets(4, 3, 2);
  const MatchCosts costs{.scores = BoxScores::kSigmoid};
  const Matches found = match(predictions, {targets}, costs, 3).at(0);
  std::vector<int> times(4, 0);
  std::set<int64_t> queries;
  double total = 0;
  const Tensor cost = match_costs(predictions, 0, targets, costs);
  for (const Match& m : found) {
    ++times[m.target];
    queries.insert(m.query);
    total += cost.data()[4 * m.query + m.target];
  }
  EXPECT_EQ(times, (std::vector<int>{3, 3, 3, 3}));
  EXPECT_EQ(queries.size(), 12u);
  double once = 0;
  const Matches single = match(predictions, {targets}, costs).at(0);
  for (const Match& m : single) once += cost.data()[4 * m.query + m.target];
  EXPECT_LE(3 * once, total);  // no third of the copies is better than the best
  EXPECT_EQ(match(predictions, {targets}, costs, 6).at(0).size(), 20u);  // as many as there are queries
}

TEST(Matcher, RefusesWhatDoesNotFit) {
  const BoxPredictions predictions = random_predictions(1, 6, 3, 1);
  const auto refusal = [&](const BoxTargets& targets, BoxScores scores = BoxScores::kSoftmax) {
    return refusal_of([&] { match(predictions, {targets}, {.scores = scores}); });
  };
  expect_words(refusal({{2}, random_tensor({1, 4}, 1)}), {"label 2", "2 classes"});
  expect_words(refusal({{3}, random_tensor({1, 4}, 1)}, BoxScores::kSigmoid), {"label 3", "3 classes"});
  expect_words(refusal({{0, 1}, random_tensor({1, 4}, 1)}), {"2 labels", "[1, 4]"});
  expect_words(refusal({{0}, Tensor::full({1, 4}, std::nanf(""))}), {"not a number"});
  expect_words(refusal_of([&] { match(predictions, {}, {}); }), {"0 pictures"});
  expect_words(refusal_of([&] { match(predictions, {random_targets(1, 2, 1)}, {}, 0); }), {"0 copies"});
}

}  // namespace
}  // namespace fovea
