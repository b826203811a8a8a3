#include "attention/nn/pass.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

TEST(RunningUpdates, MoveTheSharedAveragesByTheirMomentum) {
  const float start[] = {1, 2}, seen[] = {5, -2};
  const Tensor running({2}, start), batch({2}, seen);
  const Tensor of_the_layer = running;  // shares its values
  apply({{running, batch, 0.25f}});
  EXPECT_EQ(of_the_layer.data()[0], 2);
  EXPECT_EQ(of_the_layer.data()[1], 1);
}

TEST(RunningUpdates, FollowEachOtherInOrder) {
  const Tensor running = Tensor::full({1}, 0);
  apply({{running, Tensor::full({1}, 8), 0.5f}, {running, Tensor::full({1}, 2), 0.5f}});
  EXPECT_EQ(running.data()[0], 3);
}

TEST(RunningUpdates, ReplaceAtMomentumOne) {
  const Tensor running = Tensor::full({1}, 3);
  apply({{running, Tensor::full({1}, 7), 1}});
  EXPECT_EQ(running.data()[0], 7);
  apply({});
  EXPECT_EQ(running.data()[0], 7);
}

}  // namespace
}  // namespace fovea
