#include "attention/optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "attention/base/error.h"

namespace fovea {
namespace {

using Kind = Schedule::Kind;

TEST(Schedule, WarmsUpInAStraightLineToThePeak) {
  for (const Kind kind : {Kind::kConstant, Kind::kCosine, Kind::kStep}) {
    const Schedule schedule{.kind = kind, .peak = 2, .steps = 20, .warm_up = 4};
    for (int64_t step = 0; step <= 4; ++step)
      EXPECT_FLOAT_EQ(learning_rate(schedule, step), 2 * static_cast<float>(step + 1) / 5);
  }
}

TEST(Schedule, CosineFallsToItsShareAtTheLastStep) {
  const Schedule schedule{.peak = 3, .steps = 31, .warm_up = 10, .final_share = 0.1f};
  for (int64_t step = 10; step < 31; ++step) {
    const double angle = 3.14159265358979 * static_cast<double>(step - 10) / 20;
    EXPECT_NEAR(learning_rate(schedule, step), 0.3 + 2.7 * (1 + std::cos(angle)) / 2, 1e-6) << step;
  }
  EXPECT_FLOAT_EQ(learning_rate(schedule, 30), 0.3f);
  EXPECT_FLOAT_EQ(learning_rate(schedule, 1000), 0.3f);
}

TEST(Schedule, OneCycleIsTwoStraightLegs) {
  const Schedule schedule{.kind = Kind::kOneCycle, .peak = 1, .steps = 101, .warm_up = 40};
  EXPECT_FLOAT_EQ(learning_rate(schedule, 0), 0.04f);
  EXPECT_FLOAT_EQ(learning_rate(schedule, 20), 0.52f);
  EXPECT_FLOAT_EQ(learning_rate(schedule, 40), 1);
  EXPECT_FLOAT_EQ(learning_rate(schedule, 70), 0.5f);
  EXPECT_FLOAT_EQ(learning_rate(schedule, 100), 0);
  const Schedule unset{.kind = Kind::kOneCycle, .peak = 1, .steps = 100};
  EXPECT_FLOAT_EQ(learning_rate(unset, 30), 1);
}

TEST(Schedule, StepsDown) {
  const Schedule schedule{
      .kind = Kind::kStep, .peak = 1, .steps = 90, .warm_up = 5, .drops = {30, 60}, .drop = 0.2f};
  EXPECT_FLOAT_EQ(learning_rate(schedule, 29), 1);
  EXPECT_FLOAT_EQ(learning_rate(schedule, 30), 0.2f);
  EXPECT_FLOAT_EQ(learning_rate(schedule, 59), 0.2f);
  EXPECT_FLOAT_EQ(learning_rate(schedule, 60), 0.04f);
}

TEST(Schedule, ConstantStaysAndShortRunsAreFine) {
  EXPECT_EQ(learning_rate({.kind = Kind::kConstant, .peak = 0.25f, .steps = 9}, 8), 0.25f);
  for (const Kind kind : {Kind::kConstant, Kind::kCosine, Kind::kStep, Kind::kOneCycle})
    for (const int64_t warm_up : {0, 1, 5}) {
      const float rate = learning_rate({.kind = kind, .peak = 1, .steps = 1, .warm_up = warm_up}, 0);
      EXPECT_TRUE(rate > 0 && rate <= 1) << rate << " with a warm-up of " << warm_up;
    }
  EXPECT_THROW(learning_rate({.steps = 0}, 0), Error);
  EXPECT_THROW(learning_rate({.steps = 5}, -1), Error);
}

}  // namespace
}  // namespace fovea
