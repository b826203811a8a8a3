#include "attention/optim/adamw.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "tests/attention/optim/problem.h"

namespace fovea {
namespace {

void adamw_step(double& value, double g, std::array<double, 3>& slot, double rate, double decay) {
  auto& [m, v, steps] = slot;
  steps += 1;
  value -= rate * decay * value;
  m = 0.9 * m + 0.1 * g;
  v = 0.999 * v + 0.001 * g * g;
  value -= rate * (m / (1 - std::pow(0.9, steps))) / (std::sqrt(v / (1 - std::pow(0.999, steps))) + 1e-8);
}

TEST(AdamW, FollowsThePapersFormulaInEachGroup) {
  const Problem problem;
  DoubleProblem exact(problem);
  AdamW optimiser(problem.groups());
  for (int i = 0; i < 20; ++i) {
    optimiser.step(problem.gradients(), i < 10 ? 0.05f : 0.02f);
    exact.step(adamw_step, i < 10 ? 0.05 : 0.02);
    EXPECT_LT(exact.error(problem), 2e-6) << "step " << i;
  }
}

TEST(AdamW, LeavesWhatHasNoGradientAsItWas) {
  const Problem problem;
  const Tensor before = problem.weight.clone();
  AdamW optimiser(problem.groups());
  const auto bias_only = [&] { return backward(sum_all(mul(problem.bias, problem.bias))); };
  optimiser.step(bias_only(), 0.1f);
  EXPECT_TRUE(same_bits(problem.weight, before));
  EXPECT_EQ(optimiser.state().at("steps.layer.weight").data()[0], 0);
  EXPECT_EQ(optimiser.state().at("steps.layer.bias").data()[0], 1);
  EXPECT_LT(problem.bias.data()[0], 1);
}

TEST(AdamW, ResumesToTheSameBits) {
  EXPECT_TRUE(resumes_exactly(
      [](std::vector<ParameterGroup> groups) { return std::make_unique<AdamW>(std::move(groups)); }));
}

TEST(AdamW, StateIsACopy) {
  const Problem problem;
  AdamW optimiser(problem.groups());
  const auto before = optimiser.state();
  optimiser.step(problem.gradients(), 0.1f);
  EXPECT_EQ(before.at("first.layer.bias").data()[0], 0);
  EXPECT_NE(optimiser.state().at("first.layer.bias").data()[0], 0);
}

TEST(AdamW, GivesTheSameBitsForAnyThreadCount) {
  const Problem one(20000), many(20000);
  AdamW a(one.groups()), b(many.groups());
  Threads(1).run([&] { a.step(one.gradients(), 0.1f); });
  Threads(3).run([&] { b.step(many.gradients(), 0.1f); });
  EXPECT_TRUE(same_bits(one.weight, many.weight));
}

TEST(AdamW, RefusesAParameterInTwoGroups) {
  const Problem problem;
  auto groups = problem.groups();
  groups.push_back(groups[0]);
  try {
    AdamW optimiser(groups);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "adamw: parameter layer.weight is given twice");
  }
}

}  // namespace
}  // namespace fovea
