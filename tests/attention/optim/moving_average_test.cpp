#include "attention/optim/moving_average.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/attention/optim/problem.h"

namespace fovea {
namespace {

void move(const Problem& problem, int step) {
  Tensor weight = problem.weight;
  for (int64_t i = 0; i < weight.count(); ++i)
    weight.mutable_data()[i] +=
        static_cast<float>(std::sin(static_cast<double>(step) + 0.1 * static_cast<double>(i)));
}

TEST(MovingAverage, AveragesWithItsDecayAndItsWarmUp) {
  for (const bool warm_up : {false, true}) {
    const Problem problem;
    MovingAverage average(problem.store.state(), {.decay = 0.6, .warm_up = warm_up});
    std::vector<double> exact(problem.weight.values().begin(), problem.weight.values().end());
    for (int t = 0; t < 12; ++t) {
      move(problem, t);
      average.update();
      const double decay = warm_up ? std::min(0.6, (1.0 + t) / (10.0 + t)) : 0.6;
      for (size_t i = 0; i < exact.size(); ++i) {
        exact[i] = decay * exact[i] + (1 - decay) * problem.weight.data()[i];
        ASSERT_NEAR(average.averages()[0].value.data()[i], exact[i], 1e-5) << "update " << t;
      }
    }
  }
}

TEST(MovingAverage, AveragesBuffersAndKeepsItsOwnValues) {
  ParameterStore store(1, Purpose::kTraining);
  const Weights norm = Weights(store) / "norm";
  norm.get("weight", {2}, Init::kOnes);
  Tensor running = norm.buffer("running_mean", {2}, Init::kZeros);
  MovingAverage average(store.state(), {.decay = 0.75});
  running.mutable_data()[1] = 8;
  average.update();
  ASSERT_EQ(average.averages().size(), 2u);
  EXPECT_EQ(average.averages()[1].name, "norm.running_mean");
  EXPECT_FLOAT_EQ(average.averages()[1].value.data()[1], 2);
  EXPECT_EQ(running.data()[1], 8);
}

TEST(MovingAverage, ExchangesTwiceToWhereItWas) {
  const Problem problem;
  MovingAverage average(problem.store.state());
  const Tensor old_values = problem.weight.clone();
  move(problem, 1);
  const Tensor new_values = problem.weight.clone();
  average.exchange();
  EXPECT_TRUE(same_bits(problem.weight, old_values));
  average.exchange();
  EXPECT_TRUE(same_bits(problem.weight, new_values));
  EXPECT_TRUE(same_bits(average.averages()[0].value, old_values));
}

TEST(MovingAverage, ResumesToTheSameBits) {
  const Problem straight, stopped;
  MovingAverage whole(straight.store.state(), {.warm_up = true});
  MovingAverage first(stopped.store.state(), {.warm_up = true});
  for (int i = 0; i < 6; ++i) move(straight, i), whole.update();
  for (int i = 0; i < 3; ++i) move(stopped, i), first.update();
  MovingAverage second(stopped.store.state(), {.warm_up = true});
  second.load(first.state());
  for (int i = 3; i < 6; ++i) move(stopped, i), second.update();
  EXPECT_TRUE(same_bits(whole.averages()[0].value, second.averages()[0].value));
  EXPECT_THROW(second.load({}), Error);
}

}  // namespace
}  // namespace fovea
