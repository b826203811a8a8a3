#include "models/denoising.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"

namespace fovea {
namespace {

BoxTargets targets_of(std::vector<float> boxes) {
  const auto count = static_cast<int64_t>(boxes.size()) / 4;
  BoxTargets targets{std::vector<int>(static_cast<size_t>(count), 0), {}};
  if (count > 0) targets.boxes = Tensor({count, 4}, std::move(boxes));
  return targets;
}

// How far each edge of a box is from the target's, as a share of half the side: left, right, top, bottom.
std::array<double, 4> shares(const float* box, const float* target) {
  std::array<double, 4> result{};
  for (size_t axis = 0; axis < 2; ++axis) {
    const double half = static_cast<double>(target[axis + 2]) / 2;
    for (const int side : {-1, 1}) {
      const double is = static_cast<double>(box[axis]) + side * static_cast<double>(box[axis + 2]) / 2;
      const double was = static_cast<double>(target[axis]) + side * half;
      result[2 * axis + (side > 0)] = std::abs(is - was) / half;
    }
  }
  return result;
}

const std::vector<BoxTargets> kTwo = {targets_of({0.5f, 0.5f, 0.2f, 0.1f, 0.3f, 0.6f, 0.1f, 0.3f}),
                                      targets_of({0.4f, 0.4f, 0.2f, 0.2f})};

TEST(Denoising, PositivesAreNearTheirTargetsAndNegativesFartherOff) {
  Rng rng(1);
  const auto queries = denoising_queries(kTwo, rng);
  ASSERT_TRUE(queries);
  EXPECT_EQ(queries->group, 4);
  ASSERT_EQ(queries->boxes.shape(), (Shape{2, 100, 4}));
  double nearest = 1, farthest = 0;
  for (int64_t picture = 0; picture < 2; ++picture)
    for (int64_t i = 0; i < 100; ++i) {
      const BoxTargets& targets = kTwo[static_cast<size_t>(picture)];
      const int64_t own = std::ssize(targets.labels), place = i % 4;
      const float* box = queries->boxes.data() + (picture * 100 + i) * 4;
      const float* target = targets.boxes.data() + 4 * (place % own);
      for (const double share : shares(box, target)) {
        if (place < own) {
          EXPECT_LE(share, 0.4 + 1e-5);
          farthest = std::max(farthest, share);
        } else {
          EXPECT_GE(share, 0.4 - 1e-5);
          EXPECT_LE(share, 1 + 1e-2);
          nearest = std::min(nearest, share);
        }
      }
    }
  EXPECT_GT(farthest, 0.35);
  EXPECT_LT(nearest, 0.45);
}

TEST(Denoising, GroupsHoldTwiceTheMostTargets) {
  Rng rng(1);
  std::vector<float> many;
  for (int i = 0; i < 30; ++i) many.insert(many.end(), {0.5f, 0.5f, 0.1f, 0.1f});
  const auto crowded = denoising_queries({targets_of(many)}, rng);
  EXPECT_EQ(crowded->group, 60);
  EXPECT_EQ(crowded->boxes.dim(1), 120);
  for (int i = 0; i < 70; ++i) many.insert(many.end(), {0.5f, 0.5f, 0.1f, 0.1f});
  EXPECT_EQ(denoising_queries({targets_of(many)}, rng)->boxes.dim(1), 200);
}

TEST(Denoising, BoxesStayInTheFrame) {
  Rng rng(2);
  const auto queries =
      denoising_queries({targets_of({0.01f, 0.99f, 0.02f, 0.02f, 0.5f, 0.5f, 1, 1}), targets_of({})}, rng);
  ASSERT_TRUE(queries);
  const Tensor& boxes = queries->boxes;
  for (int64_t i = 0; i < boxes.count(); i += 4)
    for (int64_t axis = 0; axis < 2; ++axis) {
      const float centre = boxes.data()[i + axis], side = boxes.data()[i + axis + 2];
      EXPECT_GE(side, 0.999e-3f);
      EXPECT_GE(centre - side / 2, -1e-6f);
      EXPECT_LE(centre + side / 2, 1 + 1e-6f);
    }
}

TEST(Denoising, TheSameDrawsGiveTheSameBoxes) {
  Rng a(3), b(3), c(4);
  const auto boxes = [](const auto& queries) {
    return std::vector<float>(queries->boxes.values().begin(), queries->boxes.values().end());
  };
  const auto first = boxes(denoising_queries(kTwo, a));
  EXPECT_EQ(first, boxes(denoising_queries(kTwo, b)));
  EXPECT_NE(first, boxes(denoising_queries(kTwo, c)));
}

TEST(Denoising, NothingToDenoise) {
  Rng rng(1);
  EXPECT_FALSE(denoising_queries({targets_of({}), targets_of({})}, rng));
  EXPECT_THROW(denoising_queries(kTwo, rng, {.positive = 0.5, .negative = 0.4}), Error);
}

}  // namespace
}  // namespace fovea
