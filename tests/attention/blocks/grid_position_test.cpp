#include "attention/blocks/grid_position.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "attention/base/error.h"

namespace fovea {
namespace {

TEST(GridWaves, ListsSinesThenCosinesOrOneCoordinateThenTheOther) {
  for (const bool by_coordinate : {false, true}) {
    const Tensor y = grid_waves(3, 5, {.dim = 12, .temperature = 50, .by_coordinate = by_coordinate});
    ASSERT_EQ(y.shape(), (Shape{15, 12}));
    for (int64_t i = 0; i < y.count(); ++i) {
      const int64_t token = i / 12, c = i % 12;
      const bool of_column = by_coordinate ? c >= 6 : c / 3 % 2 == 1;
      const bool cosine = by_coordinate ? c / 3 % 2 == 1 : c >= 6;
      const double angle = static_cast<double>(of_column ? token % 5 : token / 5) *
                           std::pow(50, -static_cast<double>(c % 3) / 3);
      EXPECT_NEAR(y.data()[i], cosine ? std::cos(angle) : std::sin(angle), 1e-6) << i;
    }
  }
  EXPECT_THROW(grid_waves(3, 5, {.dim = 6}), Error);
}

TEST(FourierPosition, InPixelsRunsFromEdgeToEdge) {
  for (const bool linear : {false, true}) {
    const FourierPosition p =
        fourier_position({.sizes = {3, 2}, .bands = 3, .max_resolution = 32, .linear = linear});
    ASSERT_EQ(p.sines.shape(), (Shape{3, 2, 2, 3}));
    ASSERT_EQ(p.coordinates.shape(), (Shape{3, 2, 2, 1}));
    const double frequencies[] = {1, linear ? 8.5 : 4, 16};
    for (int64_t i = 0; i < p.sines.count(); ++i) {
      const int64_t row = i / 12, column = i / 6 % 2;
      const double at = i / 3 % 2 ? (column ? 1.0 : -1.0) : static_cast<double>(row) - 1;
      EXPECT_NEAR(p.coordinates.data()[i / 3], at, 1e-6);
      const double angle = at * frequencies[i % 3] * std::numbers::pi;
      EXPECT_NEAR(p.sines.data()[i], std::sin(angle), 2e-5) << i;
      EXPECT_NEAR(p.cosines.data()[i], std::cos(angle), 2e-5) << i;
    }
  }
}

TEST(FourierPosition, ByNumberMovesStretchesAndTurnsTheGrid) {
  const FourierPosition p = fourier_position({.sizes = {2, 4},
                                              .bands = 2,
                                              .in_pixels = false,
                                              .temperature = 9,
                                              .offset = 0.5f,
                                              .trained = {4, 2},
                                              .column_first = true});
  for (int64_t i = 0; i < p.coordinates.count(); ++i) {
    const double row = static_cast<double>(i / 8), column = static_cast<double>(i / 2 % 4);
    const double want = i % 2 == 0 ? (column + 0.5) * 2 / 4 : (row + 0.5) * 4 / 2;
    EXPECT_NEAR(p.coordinates.data()[i], want, 1e-6) << i;
    EXPECT_NEAR(p.sines.data()[2 * i + 1], std::sin(want / 3), 1e-6) << i;
  }
  EXPECT_THROW(fourier_position({.sizes = {2, 2}, .trained = {2}}), Error);
  EXPECT_THROW(fourier_position({.sizes = {}}), Error);
}

}  // namespace
}  // namespace fovea
