#include "attention/optim/adamw.h"

#include <gtest/gtest.h>

#include <cmath>

#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"

namespace fovea {
namespace {

TEST(AdamW, FollowsThePapersFormula) {
  ParameterStore store(1, Purpose::kTraining);
  const Tensor w = Weights(store).get("w", {1}, Init::kOnes);
  AdamW optimiser(store.parameters(), {.learning_rate = 0.1f, .weight_decay = 0.5f});
  double value = 1, m = 0, v = 0;
  for (int step = 1; step <= 5; ++step) {
    optimiser.step(backward(sum_all(mul(w, w))));
    const double g = 2 * value;
    value -= 0.1 * 0.5 * value;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    value -= 0.1 * (m / (1 - std::pow(0.9, step))) / (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
    EXPECT_NEAR(w.data()[0], value, 1e-5) << "step " << step;
  }
}

}  // namespace
}  // namespace fovea
