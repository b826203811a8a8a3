#include "attention/blocks/position_encoding.h"

#include <gtest/gtest.h>

#include <numbers>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

// Value c of a cell that is `row` and `column` in its picture of `rows` and `columns`, counted from 1.
double expected(const SinePosition& how, double row, double column, double rows, double columns, int64_t c) {
  const int64_t half = how.dim / 2, i = c % half;
  double at = (c < half ? row : column) + static_cast<double>(how.shift);
  if (how.normalise) at *= how.scale / ((c < half ? rows : columns) + 1e-6);
  at /= std::pow(c < half ? how.temperature_y : how.temperature_x,
                 2 * std::floor(static_cast<double>(i) / 2) / static_cast<double>(half));
  return i % 2 ? std::cos(at) : std::sin(at);
}

TEST(SinePosition, CountsTheCellsOfThePicture) {
  const SinePosition ways[] = {{.dim = 16},
                               {.dim = 8, .temperature_y = 20, .temperature_x = 7},
                               {.dim = 12, .normalise = false},
                               {.dim = 16, .shift = -0.5f},
                               {.dim = 4, .scale = 3}};
  constexpr int64_t kRows[] = {5, 3}, kColumns[] = {4, 7};  // of two pictures in one frame
  Tensor padding(Shape{2, 5, 7});
  for (int64_t i = 0; i < padding.count(); ++i)
    padding.mutable_data()[i] = i / 7 % 5 >= kRows[i / 35] || i % 7 >= kColumns[i / 35] ? 1.f : 0.f;
  for (const SinePosition& how : ways) {
    const Tensor y = sine_position(padding, how);
    ASSERT_EQ(y.shape(), (Shape{2, 5, 7, how.dim}));
    for (int64_t i = 0; i < y.count(); ++i) {
      const int64_t cell = i / how.dim, b = cell / 35, row = cell / 7 % 5, column = cell % 7;
      if (padding.data()[cell] != 0) continue;
      ASSERT_NEAR(y.data()[i],
                  expected(how, static_cast<double>(row + 1), static_cast<double>(column + 1),
                           static_cast<double>(kRows[b]), static_cast<double>(kColumns[b]), i % how.dim),
                  2e-6)
          << i;
    }
  }
}

// A hole in the picture counts neither down its column nor along its row, and only there.
TEST(SinePosition, CountsEachLineByItself) {
  Tensor padding = Tensor::full({1, 3, 4}, 0);
  padding.mutable_data()[1 * 4 + 2] = 1;
  const SinePosition how{.dim = 4, .normalise = false};
  const Tensor y = sine_position(padding, how);
  const double rows[] = {1, 1, 1, 1, 2, 2, 1, 2, 3, 3, 2, 3},
               columns[] = {1, 2, 3, 4, 1, 2, 2, 3, 1, 2, 3, 4};
  for (int64_t i = 0; i < y.count(); ++i)
    EXPECT_NEAR(y.data()[i], expected(how, rows[i / 4], columns[i / 4], 1, 1, i % 4), 1e-6) << i;
}

TEST(SinePosition, RefusesWidthsThatFallIntoNoWaves) {
  EXPECT_THROW(sine_position(Tensor::full({1, 2, 2}, 0), {.dim = 6}), Error);
  EXPECT_THROW(sine_position(Tensor::full({2, 2}, 0), {.dim = 8}), Error);
}

TEST(SineOfCoordinates, GivesEachCoordinateItsWaves) {
  const Tensor boxes({1, 2, 3}, std::vector<float>{0, 0.25f, 1, 0.1f, 0.7f, 0.33f});
  const Tensor y = sine_of_coordinates(boxes, 6, 100);
  ASSERT_EQ(y.shape(), (Shape{1, 2, 18}));
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t k = i % 6;
    const double angle =
        2 * std::numbers::pi * boxes.data()[i / 6] / std::pow(100, static_cast<double>(k / 2) / 3);
    EXPECT_NEAR(y.data()[i], k % 2 ? std::cos(angle) : std::sin(angle), 2e-6) << i;
  }
  EXPECT_THROW(sine_of_coordinates(boxes, 5), Error);
  EXPECT_THROW(sine_of_coordinates(random_tensor({2, 3}, 1), 4), Error);
}

TEST(SineOfCoordinates, IsDifferentiable) {
  const auto f = [](const std::vector<Tensor>& t) { return sine_of_coordinates(t[0], 8); };
  EXPECT_LT(gradient_error({random_tensor({2, 3, 4}, 3, 0.3)}, f), 1e-2);
}

TEST(LearnedPosition, PutsTheColumnsRowBeforeTheRows) {
  ParameterStore store(3, Purpose::kTraining);
  const LearnedPosition position(6, Weights(store), 5);
  ASSERT_EQ(store.parameters().size(), 2u);
  ASSERT_EQ(store.parameters()[0].name, "row.weight");
  const Tensor &rows = store.parameters()[0].value, &columns = store.parameters()[1].value;
  ASSERT_EQ(rows.shape(), (Shape{5, 3}));
  const Tensor y = position(4, 5);
  ASSERT_EQ(y.shape(), (Shape{4, 5, 6}));
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t c = i % 6, row = i / 30, column = i / 6 % 5;
    EXPECT_EQ(y.data()[i], c < 3 ? columns.data()[column * 3 + c] : rows.data()[row * 3 + c - 3]) << i;
  }
  EXPECT_LT(leaf_gradient_error({rows, columns}, [&] { return position(4, 5); }), 1e-3);
  EXPECT_THROW(position(6, 2), Error);
  EXPECT_THROW(position(2, 6), Error);
}

}  // namespace
}  // namespace fovea
