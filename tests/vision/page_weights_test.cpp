#include "vision/page_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "attention/base/error.h"
#include "tests/vision/sample_page.h"

namespace fovea {
namespace {

AttentionPage page_of(const SampleShape& shape) {
  AttentionPage page;
  page.rows = shape.rows, page.columns = shape.columns;
  page.layers = sample_layers(shape, 11);
  return page;
}

// Patch row * columns + column, or the last row, of a head or (head == heads) their mean.
double weight(const AttentionPage::Layer& layer, int head, int query, int key, int cells) {
  double sum = 0;
  if (head == layer.heads) {
    for (int h = 0; h < head; ++h) sum += weight(layer, h, query, key, cells);
    return sum / head;
  }
  if (query < cells) return layer.weights[static_cast<size_t>((head * cells + query) * cells + key)];
  if (!layer.reader.empty()) return layer.reader[static_cast<size_t>(head * cells + key)];
  for (int q = 0; q < cells; ++q) sum += weight(layer, head, q, key, cells);
  return sum / cells;
}

void expect_all_rows(const SampleShape& shape) {
  const AttentionPage page = page_of(shape);
  const PageWeights weights = page_weights(page);
  const int cells = shape.rows * shape.columns, planes = shape.heads > 1 ? shape.heads + 1 : 1;
  ASSERT_EQ(weights.rows_in_all(), shape.layers * planes * (cells + 1));
  for (int l = 0; l < shape.layers; ++l)
    for (int h = 0; h < planes; ++h)
      for (int q = 0; q <= cells; ++q)
        for (int k = 0; k < cells; ++k) {
          const int64_t row = weights.first[static_cast<size_t>(l)] + h * (cells + 1) + q;
          EXPECT_NEAR(weights.values[static_cast<size_t>(row * cells + k)],
                      weight(page.layers[static_cast<size_t>(l)], h, q, k, cells), 1e-7);
        }
}

TEST(PageWeights, HeadsTheirMeanAndTheReader) {
  expect_all_rows({2, 3, 3, 4, 1, true});
}
TEST(PageWeights, PatchesMeanWithoutReader) {
  expect_all_rows({2, 3, 4, 3, 1, false});
}
TEST(PageWeights, OneHeadIsItsOwnMean) {
  expect_all_rows({3, 1, 2, 5, 1, true});
}

TEST(PageWeights, CoarserIsTheMeanOfTheCellsThatExist) {
  const SampleShape shape{2, 2, 3, 5, 1, true};
  const PageWeights fine = page_weights(page_of(shape)), half = coarser(fine);
  ASSERT_EQ(half.rows, 2);
  ASSERT_EQ(half.columns, 3);
  EXPECT_EQ(half.pooled, 2);
  EXPECT_EQ(half.first, (std::vector<int64_t>{0, 3 * 7}));
  ASSERT_EQ(half.rows_in_all(), 2 * 3 * 7);
  const auto members = [](int cell) {  // of the halved grid -> cells of the fine one
    std::vector<int> found;
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 5; ++x)
        if (y / 2 * 3 + x / 2 == cell) found.push_back(y * 5 + x);
    return found;
  };
  for (int plane = 0; plane < 6; ++plane)
    for (int q = 0; q <= 6; ++q)
      for (int k = 0; k < 6; ++k) {
        const std::vector<int> queries = q == 6 ? std::vector<int>{15} : members(q), keys = members(k);
        double sum = 0;
        for (const int i : queries)
          for (const int j : keys) sum += fine.values[static_cast<size_t>((plane * 16 + i) * 15 + j)];
        EXPECT_NEAR(half.values[static_cast<size_t>((plane * 7 + q) * 6 + k)],
                    sum / static_cast<double>(queries.size() * keys.size()), 1e-7);
      }
}

TEST(PageWeights, SampledKeepsEveryStridethRow) {
  const PageWeights all = page_weights(page_of({1, 2, 2, 3, 1, true})), some = sampled(all, 4);
  ASSERT_EQ(some.rows_in_all(), (all.rows_in_all() + 3) / 4);
  for (int64_t i = 0; i < some.rows_in_all(); ++i)
    for (int64_t j = 0; j < 6; ++j)
      EXPECT_EQ(some.values[static_cast<size_t>(i * 6 + j)], all.values[static_cast<size_t>(4 * i * 6 + j)]);
}

float end_of(const PackedRows& packed, int64_t count, int64_t i) {
  uint32_t word = 0;
  for (int64_t b = 0; b < 4; ++b)
    word |= uint32_t{packed.ends[static_cast<size_t>(b * 2 * count + i)]} << 8 * b;
  return std::bit_cast<float>(word);
}

TEST(PageWeights, CodesAreTheSquareRootsNearestStep) {
  const PageWeights weights = page_weights(page_of({2, 2, 4, 4, 2, true}));
  const int64_t count = weights.rows_in_all(), cells = weights.cells();
  for (const int levels : {11, 255}) {
    const PackedRows packed = packed_rows(weights, levels);
    ASSERT_EQ(packed.codes.size(), weights.values.size());
    ASSERT_EQ(packed.ends.size(), static_cast<size_t>(8 * count));
    for (int64_t i = 0; i < count; ++i) {
      const auto row = weights.values.begin() + i * cells;
      const double low = *std::min_element(row, row + cells), high = *std::max_element(row, row + cells);
      EXPECT_NEAR(end_of(packed, count, 2 * i), low, low / 4000);
      EXPECT_NEAR(end_of(packed, count, 2 * i + 1), high, high / 4000);
      for (int64_t j = 0; j < cells; ++j) {
        const double root = std::sqrt((row[j] - low) / (high - low));
        EXPECT_NEAR(packed.codes[static_cast<size_t>(i * cells + j)], root * levels, 0.51 + 0.02 * levels);
      }
    }
  }
}

TEST(PageWeights, FlatAndBrokenRowsAreZeroes) {
  PageWeights weights;
  weights.rows = 1, weights.columns = 2;
  weights.values = {0.5f, 0.5f, NAN, NAN, NAN, 3.0f, -1.0f, 1.0f};
  const PackedRows packed = packed_rows(weights, 15);
  EXPECT_EQ(packed.codes, (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 15}));
  EXPECT_EQ(end_of(packed, 4, 0), 0.5f);
  EXPECT_EQ(end_of(packed, 4, 3), 0.0f);
  EXPECT_EQ(end_of(packed, 4, 5), 3.0f);
  EXPECT_EQ(end_of(packed, 4, 6), -1.0f);
}

TEST(PageWeights, RefusesWhatDoesNotFitTheGrid) {
  AttentionPage page = page_of({1, 2, 3, 3, 1, true});
  page.layers[0].reader.pop_back();
  EXPECT_THROW(page_weights(page), Error);
  page = page_of({1, 2, 3, 3, 1, true});
  page.columns = 4;
  try {
    page_weights(page);
    FAIL() << "9 patches went into a grid of 12";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "attention page: layers.0.attn has 162 weights, not 2 heads x 12 x 12");
  }
}

}  // namespace
}  // namespace fovea
