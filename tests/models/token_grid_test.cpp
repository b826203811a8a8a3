#include "models/token_grid.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/refusal.h"
#include "tests/support/gradient_check.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

// Two maps; the second of two pictures fills two of four columns and two of three rows of the first.
TokenGrid padded_grid() {
  const Tensor fine({2, 3, 4}, std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  //
                                                  0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1});
  const Tensor coarse({2, 1, 2}, std::vector<float>{0, 0, 0, 1});
  return token_grid({{3, 4}, {1, 2}}, {fine, coarse}, 2);
}

void expect_values(const Tensor& x, int64_t from, const std::vector<float>& want) {
  for (size_t i = 0; i < want.size(); ++i)
    EXPECT_FLOAT_EQ(x.data()[from + static_cast<int64_t>(i)], want[i]) << i;
}

TEST(TokenGrid, KnowsWhatPicturesFill) {
  const TokenGrid grid = padded_grid();
  EXPECT_EQ(grid.tokens(), 14);
  ASSERT_EQ(grid.padding.shape(), (Shape{2, 14}));
  expect_values(grid.padding, 14, {0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1});
  expect_values(grid.filled, 0, {4, 3, 2, 1, 2, 2, 1, 1});
  expect_values(grid.filled_shares(), 4, {0.5f, 2 / 3.f, 0.5f, 1});
  const TokenGrid whole = token_grid({{3, 4}, {1, 2}}, {}, 2);
  EXPECT_FALSE(whole.padding);
  expect_values(whole.filled_shares(), 0, {1, 1, 1, 1, 1, 1, 1, 1});
}

TEST(TokenGrid, PutsCellsAndReferencesOnEachMap) {
  const TokenGrid grid = padded_grid();
  const Tensor centres = cell_centres(grid);
  ASSERT_EQ(centres.shape(), (Shape{2, 14, 2, 2}));
  // Column 1, row 1 of the second picture's first map: 0.75 of its columns and rows, on both maps.
  expect_values(centres, (14 + 5) * 4, {0.375f, 0.5f, 0.375f, 0.75f});
  const Tensor boxes({2, 1, 4}, std::vector<float>{0.1f, 0.2f, 0.3f, 0.4f, 0.1f, 0.2f, 0.3f, 0.4f});
  const Tensor places = on_each_map(boxes, grid);
  ASSERT_EQ(places.shape(), (Shape{2, 1, 2, 4}));
  expect_values(places, 0, {0.1f, 0.2f, 0.3f, 0.4f, 0.1f, 0.2f, 0.3f, 0.4f});
  expect_values(places, 8, {0.05f, 0.2f * 2 / 3, 0.15f, 0.4f * 2 / 3, 0.05f, 0.2f, 0.15f, 0.4f});
  expect_words(refusal_of([&] { on_each_map(random_tensor({3, 1, 4}, 1), grid); }), {"[3, 1, 4]"});
}

TEST(TokenGrid, ProposesABoxForEachCell) {
  const CellBoxes cells = cell_boxes(padded_grid());
  ASSERT_TRUE(cells.valid);
  expect_values(cells.valid, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  expect_values(cells.valid, 14, {1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0});
  const auto logit = [](float p) { return std::log(p / (1 - p)); };
  expect_values(cells.logits, (14 + 5) * 4, {logit(0.75f), logit(0.75f), logit(0.05f), logit(0.05f)});
  expect_values(cells.logits, 13 * 4, {logit(0.75f), logit(0.5f), logit(0.1f), logit(0.1f)});
  EXPECT_TRUE(std::isinf(cells.logits.data()[(14 + 2) * 4]));
}

// The outermost cells' centres are at 0.01 and 0.99 exactly.
TEST(TokenGrid, ProposesNothingAtTheEdges) {
  EXPECT_FALSE(cell_boxes(token_grid({{40, 49}}, {}, 1)).valid);
  const Tensor valid = cell_boxes(token_grid({{1, 50}}, {}, 1)).valid;
  ASSERT_TRUE(valid);
  for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(valid.data()[i], i > 0 && i < 49) << i;
  const std::vector<MapSize> six(6, MapSize{1, 1});  // the last one's boxes are larger than a picture
  expect_values(cell_boxes(token_grid(six, {}, 1)).valid, 0, {1, 1, 1, 1, 1, 0});
}

TEST(TokenGrid, InvertsTheSigmoid) {
  const Tensor x({5}, std::vector<float>{0, 1e-7f, 0.25f, 0.5f, 1});
  expect_values(inverse_sigmoid(x), 0,
                {std::log(1e-5f), std::log(1e-5f), std::log(1 / 3.f), 0, -std::log(1e-5f)});
}

TEST(TokenGrid, HasGradients) {
  Rng rng(3);
  Tensor inside(Shape{2, 5, 4});
  for (int64_t i = 0; i < inside.count(); ++i)
    inside.mutable_data()[i] = 0.1f + 0.8f * static_cast<float>(rng.uniform());
  const TokenGrid grid = padded_grid();
  EXPECT_LT(gradient_error({inside}, [](const auto& x) { return inverse_sigmoid(x[0]); }), 1e-3);
  EXPECT_LT(gradient_error({inside}, [&](const auto& x) { return on_each_map(x[0], grid); }), 1e-3);
}

}  // namespace
}  // namespace fovea
