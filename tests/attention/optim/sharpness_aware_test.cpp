#include "attention/optim/sharpness_aware.h"

#include <gtest/gtest.h>

#include "attention/base/parallel.h"
#include "tests/attention/optim/problem.h"

namespace fovea {
namespace {

TEST(Ascent, MovesByEachValuesSizeAndGivesBackTheSameBits) {
  const Problem problem(4000);
  const Gradients gradients = problem.gradients();
  const Tensor weight = problem.weight.clone(), bias = problem.bias.clone();
  const auto reach = [](float value) { return std::abs(static_cast<double>(value)) + 0.01; };
  double squares = 0;
  for (int64_t i = 0; i < weight.count(); ++i)
    squares += std::pow(reach(weight.data()[i]) * gradients[problem.weight].data()[i], 2);
  for (const float g : gradients[problem.bias].values()) squares += std::pow(g, 2);
  {
    const Ascent nearby(problem.store.parameters(), gradients, 0.5);
    for (int64_t i = 0; i < weight.count(); ++i) {
      const double t = reach(weight.data()[i]), g = gradients[problem.weight].data()[i];
      ASSERT_NEAR(problem.weight.data()[i], weight.data()[i] + 0.5 * t * t * g / std::sqrt(squares), 1e-6);
    }
    for (int64_t i = 0; i < bias.count(); ++i)
      ASSERT_NEAR(problem.bias.data()[i],
                  bias.data()[i] + 0.5 * gradients[problem.bias].data()[i] / std::sqrt(squares), 1e-6);
    EXPECT_FALSE(same_bits(problem.bias, bias));
  }
  EXPECT_TRUE(same_bits(problem.weight, weight));
  EXPECT_TRUE(same_bits(problem.bias, bias));
}

// What a flat minimum is chosen by: with weights twice as large in front of half the input, the loss at the
// worst place nearby is the same.
TEST(Ascent, ReachesTheSameLossHoweverAFunctionIsScaled) {
  const auto worst = [](float factor) {
    ParameterStore store(1, Purpose::kTraining);
    const Tensor weight =
        Weights(store).get("weight", Tensor({2}, std::vector<float>{300 * factor, -500 * factor}));
    const auto loss = [&] {
      const Tensor output = scale(weight, 1 / factor);
      return sum_all(mul(output, output));
    };
    const Gradients gradients = backward(loss());
    const Ascent nearby(store.parameters(), gradients, 0.1);
    return loss().data()[0];
  };
  EXPECT_GT(worst(1), 300.f * 300 + 500.f * 500);
  EXPECT_NEAR(worst(8), worst(1), 1e-4 * worst(1));
}

TEST(Ascent, StaysWhereThereIsNoSlopeAndWhereThereIsNoGradient) {
  const Problem problem;
  const Tensor weight = problem.weight.clone(), bias = problem.bias.clone();
  const Gradients flat = backward(scale(sum_all(problem.weight), 0));
  const Ascent nearby(problem.store.parameters(), flat, 0.5);
  EXPECT_TRUE(same_bits(problem.weight, weight));
  const Gradients some = backward(sum_all(problem.weight));
  const Ascent further(problem.store.parameters(), some, 0.5);
  EXPECT_FALSE(same_bits(problem.weight, weight));
  EXPECT_TRUE(same_bits(problem.bias, bias));
}

TEST(Ascent, HasTheSameBitsForAnyNumberOfThreads) {
  const auto moved = [](int threads) {
    const Problem problem(20000);
    Tensor result;
    Threads(threads).run([&] {
      const Gradients gradients = problem.gradients();
      const Ascent nearby(problem.store.parameters(), gradients, 0.5);
      result = problem.weight.clone();
    });
    return result;
  };
  EXPECT_TRUE(same_bits(moved(1), moved(3)));
}

}  // namespace
}  // namespace fovea
