#include "vision/page_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "attention/base/error.h"

namespace fovea {
namespace {

using Rows = std::span<const float>;

void check(const AttentionPage::Layer& layer, int64_t cells) {
  const int64_t weights = layer.heads * cells * cells, reader = layer.heads * cells;
  if (layer.heads < 1 || cells < 1 || static_cast<int64_t>(layer.weights.size()) != weights)
    fail("attention page: ", layer.name, " has ", layer.weights.size(), " weights, not ", layer.heads,
         " heads x ", cells, " x ", cells);
  if (!layer.reader.empty() && static_cast<int64_t>(layer.reader.size()) != reader)
    fail("attention page: ", layer.name, " has ", layer.reader.size(), " weights of the reader, not ",
         layer.heads, " heads x ", cells);
}

// Appends the mean of `count` arrays of `length` that follow each other in `from`.
void append_mean(Rows from, int64_t count, int64_t length, std::vector<float>& to) {
  std::vector<double> sums(static_cast<size_t>(length), 0.0);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < length; ++j) sums[static_cast<size_t>(j)] += from[i * length + j];
  for (const double sum : sums) to.push_back(static_cast<float>(sum / static_cast<double>(count)));
}

// One layer's heads, each with its last row.
std::vector<float> with_last_rows(const AttentionPage::Layer& layer, int64_t cells) {
  std::vector<float> rows;
  rows.reserve(static_cast<size_t>((layer.heads + 1) * (cells + 1) * cells));
  for (int64_t head = 0; head < layer.heads; ++head) {
    const Rows weights = Rows(layer.weights).subspan(head * cells * cells, cells * cells);
    rows.insert(rows.end(), weights.begin(), weights.end());
    if (layer.reader.empty()) {
      append_mean(weights, cells, cells, rows);
    } else {
      const Rows reader = Rows(layer.reader).subspan(head * cells, cells);
      rows.insert(rows.end(), reader.begin(), reader.end());
    }
  }
  return rows;
}

float to_12_bits(float value) {
  return std::bit_cast<float>((std::bit_cast<uint32_t>(value) + 0x800u) & ~0xfffu);
}

struct Ends {
  float low, high;
};
Ends ends_of(Rows row) {
  Ends ends{INFINITY, -INFINITY};
  for (const float value : row) {
    if (!std::isfinite(value)) continue;
    ends.low = std::min(ends.low, value);
    ends.high = std::max(ends.high, value);
  }
  if (ends.low > ends.high) return {0, 0};
  return {to_12_bits(ends.low), to_12_bits(ends.high)};
}

void pack_row(Rows row, const Ends& ends, int levels, uint8_t* codes) {
  const float span = ends.high - ends.low;
  for (size_t i = 0; i < row.size(); ++i) {
    const float share = span > 0 && std::isfinite(row[i]) ? (row[i] - ends.low) / span : 0;
    codes[i] = static_cast<uint8_t>(
        std::lround(std::sqrt(std::clamp(share, 0.0f, 1.0f)) * static_cast<float>(levels)));
  }
}

// Adds a row's cells into the cells of the halved grid.
void add_halved(Rows row, const PageWeights& fine, std::span<double> to) {
  const int columns = (fine.columns + 1) / 2;
  for (int y = 0; y < fine.rows; ++y)
    for (int x = 0; x < fine.columns; ++x) to[(y / 2) * columns + x / 2] += row[y * fine.columns + x];
}

// How many of `count` cells, 0 or 1 past it, the i-th pair has.
int members(int i, int count) {
  return 2 * i + 1 < count ? 2 : 1;
}

}  // namespace

PageWeights page_weights(const AttentionPage& page) {
  PageWeights all{.rows = page.rows, .columns = page.columns};
  if (page.layers.empty()) return {};
  const int64_t cells = all.cells();
  for (const AttentionPage::Layer& layer : page.layers) {
    check(layer, cells);
    all.first.push_back(all.rows_in_all());
    const std::vector<float> heads = with_last_rows(layer, cells);
    all.values.insert(all.values.end(), heads.begin(), heads.end());
    if (layer.heads > 1) append_mean(heads, layer.heads, (cells + 1) * cells, all.values);
  }
  return all;
}

PageWeights coarser(const PageWeights& fine) {
  PageWeights halved{
      .rows = (fine.rows + 1) / 2, .columns = (fine.columns + 1) / 2, .pooled = fine.pooled * 2};
  const int64_t cells = halved.cells(), block = fine.cells() + 1;
  for (const int64_t first : fine.first) halved.first.push_back(first / block * (cells + 1));
  std::vector<double> sums;
  for (int64_t begin = 0; begin < fine.rows_in_all(); begin += block) {
    const auto row_at = [&](int64_t i) {
      return Rows(fine.values).subspan((begin + i) * fine.cells(), fine.cells());
    };
    sums.assign(static_cast<size_t>((cells + 1) * cells), 0.0);
    for (int64_t i = 0; i < block; ++i) {
      const int64_t to =
          i == fine.cells() ? cells : i / fine.columns / 2 * halved.columns + i % fine.columns / 2;
      add_halved(row_at(i), fine, std::span(sums).subspan(to * cells, cells));
    }
    const auto size = [&](int64_t cell) {
      return members(static_cast<int>(cell / halved.columns), fine.rows) *
             members(static_cast<int>(cell % halved.columns), fine.columns);
    };
    for (int64_t i = 0; i <= cells; ++i)
      for (int64_t j = 0; j < cells; ++j)
        halved.values.push_back(
            static_cast<float>(sums[i * cells + j] / ((i == cells ? 1 : size(i)) * size(j))));
  }
  return halved;
}

PageWeights sampled(const PageWeights& weights, int64_t stride) {
  PageWeights some{.rows = weights.rows, .columns = weights.columns};
  for (int64_t i = 0; i < weights.rows_in_all(); i += stride) {
    const Rows row = Rows(weights.values).subspan(i * weights.cells(), weights.cells());
    some.values.insert(some.values.end(), row.begin(), row.end());
  }
  return some;
}

PackedRows packed_rows(const PageWeights& weights, int levels) {
  const int64_t cells = weights.cells(), count = weights.rows_in_all();
  PackedRows packed{.codes = std::vector<uint8_t>(weights.values.size()),
                    .ends = std::vector<uint8_t>(static_cast<size_t>(8 * count))};
  for (int64_t i = 0; i < count; ++i) {
    const Rows row = Rows(weights.values).subspan(i * cells, cells);
    const Ends ends = ends_of(row);
    pack_row(row, ends, levels, packed.codes.data() + i * cells);
    const uint32_t words[] = {std::bit_cast<uint32_t>(ends.low), std::bit_cast<uint32_t>(ends.high)};
    for (int64_t b = 0; b < 4; ++b)
      for (int64_t k = 0; k < 2; ++k)
        packed.ends[b * 2 * count + 2 * i + k] = static_cast<uint8_t>(words[k] >> (8 * b));
  }
  return packed;
}

}  // namespace fovea
