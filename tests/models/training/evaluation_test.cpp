#include "models/training/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "attention/base/error.h"

namespace fovea {
namespace {

Tensor rows(int64_t classes, std::vector<float> values) {
  return Tensor({static_cast<int64_t>(values.size()) / classes, classes}, values);
}

TEST(Evaluation, CountsByHand) {
  Evaluation e(6);
  // Right; second; of equal ones the first is named; last of six.
  e.add(rows(6, {3, 0, 0, 0, 0, 0,  //
                 2, 1, 0, 0, 0, 0,  //
                 1, 1, 0, 0, 0, 0,  //
                 6, 5, 4, 3, 2, 1}),
        std::vector<int>{0, 1, 1, 5});
  EXPECT_EQ(e.count, 4);
  EXPECT_EQ(e.right, 1);
  EXPECT_EQ(e.right_of_five, 3);
  EXPECT_EQ(e.accuracy(), 0.25);
  EXPECT_EQ(e.top5(), 0.75);
  EXPECT_EQ((e.taken_for[{0, 0}]), 1);
  EXPECT_EQ((e.taken_for[{1, 0}]), 2);
  EXPECT_EQ((e.taken_for[{5, 0}]), 1);
  double sum6 = 0;
  for (int i = 1; i <= 6; ++i) sum6 += std::exp(i);
  const double loss = std::log(std::exp(3) + 5) - 3 + std::log(std::exp(2) + std::exp(1) + 4) - 1 +
                      std::log(2 * std::exp(1) + 4) - 1 + std::log(sum6) - 1;
  EXPECT_NEAR(e.loss(), loss / 4, 1e-12);
}

TEST(Evaluation, RefusesWhatIsNoAnswer) {
  Evaluation e(2);
  EXPECT_THROW(e.add(rows(2, {0, NAN}), std::vector<int>{0}), Error);
  EXPECT_THROW(e.add(rows(2, {0, 1}), std::vector<int>{2}), Error);
  EXPECT_THROW(e.add(rows(2, {0, 1}), std::vector<int>{0, 1}), Error);
  EXPECT_EQ(e.count, 0);
}

// The formula worked out apart from this code, in Python.
TEST(Evaluation, WilsonInterval) {
  EXPECT_NEAR(wilson_interval(8, 10).low, 0.4901624715366418, 1e-12);
  EXPECT_NEAR(wilson_interval(8, 10).high, 0.9433178485456248, 1e-12);
  EXPECT_EQ(wilson_interval(0, 20).low, 0);
  EXPECT_NEAR(wilson_interval(0, 20).high, 0.16112515805281938, 1e-12);
  EXPECT_NEAR(wilson_interval(20, 20).low, 1 - 0.16112515805281938, 1e-12);
}

}  // namespace
}  // namespace fovea
