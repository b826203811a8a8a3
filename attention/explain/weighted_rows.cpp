#include "attention/explain/weighted_rows.h"

#include <algorithm>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

constexpr int64_t kRows = 64;  // of all heads at a time, about as large as the tokens of a layer

void check_tokens(const AttentionMap& map) {
  if (map.of != AttentionMap::Of::kTokens)
    fail("attention of layers: ", map.name, " weighs no tokens; its weights cannot be multiplied");
}

WeightedRows rows_of(const AttentionMap& map, std::function<Tensor(int64_t, int64_t)> rows) {
  check_tokens(map);
  const Shape& of = map.value ? map.value.shape() : map.q.shape();
  const int64_t queries = map.value ? of[2] : of[1], keys = map.value ? of[3] : map.k.dim(1);
  return {map.name, of[0], queries, keys, map.value ? 0 : of[2], std::move(rows)};
}

Tensor products(const AttentionMap& map, const Gradients& gradients, int64_t begin, int64_t count,
                bool positive) {
  const Tensor weights = weight_rows(map, begin, count), by = gradient_rows(map, gradients, begin, count);
  Tensor y(weights.shape());
  parallel_for(y.count(), 65536, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      const float product = weights.data()[i] * by.data()[i];
      y.mutable_data()[i] = positive ? std::max(product, 0.0f) : product;
    }
  });
  return y;
}

}  // namespace

WeightedRows fused_rows(const AttentionMap& map, HeadFusion fusion) {
  return rows_of(map,
                 [=](int64_t begin, int64_t count) { return fused(weight_rows(map, begin, count), fusion); });
}

WeightedRows fused_gradient_rows(const AttentionMap& map, const Gradients& gradients, HeadFusion fusion) {
  return rows_of(map, [=, &gradients](int64_t begin, int64_t count) {
    Tensor rows = fused(products(map, gradients, begin, count, false), fusion);
    for (int64_t i = 0; i < rows.count(); ++i) rows.mutable_data()[i] = std::max(rows.data()[i], 0.0f);
    return rows;
  });
}

WeightedRows positive_gradient_rows(const AttentionMap& map, const Gradients& gradients) {
  return rows_of(map, [=, &gradients](int64_t begin, int64_t count) {
    return fused(products(map, gradients, begin, count, true), HeadFusion::kMean);
  });
}

Carried::Carried(int64_t of_pictures, int64_t of_tokens)
    : pictures(of_pictures), tokens(of_tokens), values(static_cast<size_t>(of_pictures * of_tokens)) {}

Tensor Carried::tensor() const {
  Tensor y(Shape{pictures, tokens});
  std::copy(values.begin(), values.end(), y.mutable_data());
  return y;
}

Carried first_row(const char* op, std::span<const WeightedRows> layers, int64_t token) {
  if (layers.empty()) fail(op, ": no attention maps");
  const WeightedRows& last = layers.back();
  for (const WeightedRows& layer : layers) {
    if (layer.keys != last.keys || layer.pictures != last.pictures)
      fail(op, ": ", layer.name, " has ", layer.keys, " tokens of ", layer.pictures, " pictures, but ",
           last.name, " has ", last.keys, " of ", last.pictures);
    if (layer.queries > layer.keys || (&layer != &last && layer.queries != layer.keys))
      fail(op, ": ", layer.name, " has ", layer.queries, " queries for ", layer.keys, " tokens");
  }
  if (token < -1 || token >= last.queries)
    fail(op, ": token ", token, " of the ", last.queries, " queries of ", last.name);
  if (token == -1 && last.queries != last.keys)
    fail(op, ": the mean over all tokens, but ", last.name, " has ", last.queries, " of the ", last.keys);
  Carried row(last.pictures, last.keys);
  for (int64_t b = 0; b < row.pictures; ++b)
    for (int64_t i = 0; i < row.tokens; ++i)
      row.row(b)[i] = token == -1 ? 1 / static_cast<double>(row.tokens) : i == token ? 1 : 0;
  return row;
}

namespace {

void blocks(const WeightedRows& layer, int64_t begin, int64_t end,
            const std::function<void(int64_t, const Tensor&)>& body) {
  for (int64_t i = begin; i < end; i += kRows) body(i, layer.rows(i, std::min(kRows, end - i)));
}

}  // namespace

void for_row_blocks(const WeightedRows& layer, const Carried& wanted,
                    const std::function<void(int64_t, const Tensor&)>& body) {
  int64_t begin = layer.queries, end = 0;
  for (int64_t b = 0; b < wanted.pictures; ++b)
    for (int64_t i = 0; i < layer.queries; ++i) {
      if (wanted.row(b)[i] == 0) continue;
      begin = std::min(begin, i);
      end = std::max(end, i + 1);
    }
  blocks(layer, begin, end, body);
}

void for_row_blocks(const WeightedRows& layer, const std::function<void(int64_t, const Tensor&)>& body) {
  blocks(layer, 0, layer.queries, body);
}

WeightedRows held(const WeightedRows& layer) {
  if (layer.keys > layer.width) return layer;
  Tensor all(Shape{layer.pictures, layer.queries, layer.keys});
  for_row_blocks(layer, [&](int64_t begin, const Tensor& rows) {
    const int64_t size = rows.dim(1) * layer.keys;
    for (int64_t b = 0; b < layer.pictures; ++b)
      std::copy_n(rows.data() + b * size, size,
                  all.mutable_data() + (b * layer.queries + begin) * layer.keys);
  });
  WeightedRows same = layer;
  same.rows = [all](int64_t begin, int64_t count) { return slice(all, 1, begin, count).clone(); };
  return same;
}

void add_rows(const Carried& carried, int64_t begin, const Tensor& rows, Carried& sum) {
  const int64_t count = rows.dim(1), keys = rows.dim(2);
  for (int64_t b = 0; b < carried.pictures; ++b)
    parallel_for(keys, 256, [&](int64_t from, int64_t to) {
      for (int64_t i = 0; i < count; ++i) {
        const double share = carried.row(b)[begin + i];
        const float* const row = rows.data() + (b * count + i) * keys;
        double* const out = sum.row(b);
        for (int64_t j = from; j < to; ++j) out[j] += share * row[j];
      }
    });
}

Carried row_times(const Carried& row, const WeightedRows& layer) {
  Carried sum(layer.pictures, layer.keys);
  for_row_blocks(layer, row, [&](int64_t begin, const Tensor& rows) { add_rows(row, begin, rows, sum); });
  return sum;
}

Carried times_column(const WeightedRows& layer, const Carried& column) {
  Carried y(layer.pictures, layer.queries);
  for_row_blocks(layer, [&](int64_t begin, const Tensor& rows) {
    const int64_t count = rows.dim(1), keys = rows.dim(2);
    parallel_for(layer.pictures * count, 16, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        double sum = 0;
        for (int64_t j = 0; j < keys; ++j) sum += rows.data()[i * keys + j] * column.row(i / count)[j];
        y.row(i / count)[begin + i % count] = sum;
      }
    });
  });
  return y;
}

}  // namespace fovea
