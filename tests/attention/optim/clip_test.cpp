#include "attention/optim/clip.h"

#include <gtest/gtest.h>

#include <limits>

#include "attention/base/parallel.h"
#include "tests/attention/optim/problem.h"

namespace fovea {
namespace {

double norm_by_hand(const Gradients& gradients, const Problem& problem) {
  double sum = 0;
  for (const Tensor& t : {problem.weight, problem.bias})
    for (const float v : gradients[t].values()) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

TEST(Clip, ScalesToTheNorm) {
  const Problem problem(9000);
  Gradients gradients = problem.gradients();
  const Tensor before = gradients[problem.weight].clone();
  const double norm = norm_by_hand(gradients, problem);
  EXPECT_NEAR(clip_gradients(gradients, problem.store.parameters(), norm / 4), norm, 1e-9 * norm);
  EXPECT_NEAR(norm_by_hand(gradients, problem), norm / 4, 1e-5 * norm);
  for (int64_t i = 0; i < before.count(); ++i)
    ASSERT_FLOAT_EQ(gradients[problem.weight].data()[i], before.data()[i] / 4);
}

TEST(Clip, LeavesAShorterGradientAndOneThatIsNotFinite) {
  const Problem problem;
  Gradients gradients = problem.gradients();
  const Tensor before = gradients[problem.weight].clone();
  clip_gradients(gradients, problem.store.parameters(), 1e6);
  EXPECT_TRUE(same_bits(gradients[problem.weight], before));
  Tensor shared = gradients[problem.bias];
  shared.mutable_data()[0] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(std::isinf(clip_gradients(gradients, problem.store.parameters(), 1)));
  EXPECT_TRUE(same_bits(gradients[problem.weight], before));
  shared.mutable_data()[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(clip_gradients(gradients, problem.store.parameters(), 1)));
  EXPECT_TRUE(same_bits(gradients[problem.weight], before));
}

TEST(Clip, SumsInTheSameOrderForAnyThreadCount) {
  const Problem problem(20000);
  const Gradients gradients = problem.gradients();
  double norms[2] = {};
  Threads(1).run([&] { norms[0] = gradient_norm(gradients, problem.store.parameters()); });
  Threads(3).run([&] { norms[1] = gradient_norm(gradients, problem.store.parameters()); });
  EXPECT_GT(norms[0], 0);
  EXPECT_EQ(norms[0], norms[1]);
}

}  // namespace
}  // namespace fovea
