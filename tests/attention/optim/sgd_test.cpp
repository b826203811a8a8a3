#include "attention/optim/sgd.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/attention/optim/problem.h"

namespace fovea {
namespace {

void plain(double& value, double g, std::array<double, 3>&, double rate, double decay) {
  value -= rate * (g + decay * value);
}
void momentum(double& value, double g, std::array<double, 3>& slot, double rate, double decay) {
  slot[0] = 0.9 * slot[0] + g + decay * value;
  value -= rate * slot[0];
}
void nesterov(double& value, double g, std::array<double, 3>& slot, double rate, double decay) {
  const double with_decay = g + decay * value;
  slot[0] = 0.9 * slot[0] + with_decay;
  value -= rate * (with_decay + 0.9 * slot[0]);
}
void decoupled(double& value, double g, std::array<double, 3>& slot, double rate, double decay) {
  slot[0] = 0.9 * slot[0] + g;
  value = value * (1 - rate * decay) - rate * slot[0];
}

double error_after(const SgdConfig& config, DoubleProblem::Step step, int steps) {
  const Problem problem;
  DoubleProblem exact(problem);
  Sgd optimiser(problem.groups(), config);
  for (int i = 0; i < steps; ++i) {
    optimiser.step(problem.gradients(), i < 4 ? 0.05f : 0.01f);
    exact.step(step, i < 4 ? 0.05 : 0.01);
  }
  return exact.error(problem);
}

TEST(Sgd, FollowsEachForm) {
  EXPECT_LT(error_after({.momentum = 0}, plain, 8), 2e-6);
  EXPECT_LT(error_after({}, momentum, 8), 2e-6);
  EXPECT_LT(error_after({.nesterov = true}, nesterov, 8), 2e-6);
  EXPECT_LT(error_after({.decay = WeightDecay::kDecoupled}, decoupled, 8), 2e-6);
}

TEST(Sgd, TheFormsDiffer) {  // so that the test above tells them apart
  EXPECT_GT(error_after({}, nesterov, 8), 1e-3);
  EXPECT_GT(error_after({.nesterov = true}, momentum, 8), 1e-3);
  EXPECT_GT(error_after({}, decoupled, 8), 1e-3);
  EXPECT_GT(error_after({.momentum = 0}, momentum, 8), 1e-3);
}

TEST(Sgd, ResumesToTheSameBits) {
  for (const bool nesterov_too : {false, true})
    EXPECT_TRUE(resumes_exactly([&](std::vector<ParameterGroup> groups) {
      return std::make_unique<Sgd>(std::move(groups), SgdConfig{.nesterov = nesterov_too});
    }));
}

TEST(Sgd, SaysWhatAStateLacks) {
  const Problem problem;
  Sgd optimiser(problem.groups());
  const auto complaint = [&](const std::map<std::string, Tensor>& state) -> std::string {
    try {
      optimiser.load(state);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  };
  auto state = optimiser.state();
  EXPECT_EQ(complaint(state), "none");
  state["momentum.layer.weight"] = Tensor::full({3, 4}, 1);
  EXPECT_EQ(complaint(state),
            "sgd: momentum.layer.weight is [3, 4] in the saved state, [3, 5] here; is it of another model?");
  state.erase("momentum.layer.weight");
  EXPECT_EQ(complaint(state), "sgd: the saved state lacks momentum.layer.weight; is it of another run?");
  state = optimiser.state();
  state["momentum.layer.bias"] = Tensor::full({4}, 1);
  state["momentum.head.weight"] = Tensor::full({4}, 1);
  EXPECT_EQ(complaint(state),
            "sgd: the saved state holds momentum.head.weight, which is none here; is it of another run?");
  EXPECT_EQ(optimiser.state().at("momentum.layer.bias").data()[0], 0) << "a refused state was written";
}

TEST(Sgd, WithoutMomentumKeepsNoStateAndHasNoNesterov) {
  const Problem problem;
  EXPECT_TRUE(Sgd(problem.groups(), {.momentum = 0}).state().empty());
  EXPECT_THROW(Sgd(problem.groups(), {.momentum = 0, .nesterov = true}), Error);
}

}  // namespace
}  // namespace fovea
