#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "attention/explain/heads.h"

namespace fovea {

// Slow whole matrices in double, to judge what never makes them.
struct NaiveMatrix {
  int64_t rows = 0, columns = 0;
  std::vector<double> values = {};

  NaiveMatrix(int64_t r, int64_t c) : rows(r), columns(c), values(static_cast<size_t>(r * c)) {}
  double& at(int64_t i, int64_t j) { return values[static_cast<size_t>(i * columns + j)]; }
  double at(int64_t i, int64_t j) const { return values[static_cast<size_t>(i * columns + j)]; }
  Tensor tensor() const {
    Tensor y(Shape{rows, columns});
    std::copy(values.begin(), values.end(), y.mutable_data());
    return y;
  }
};

inline NaiveMatrix naive_identity(int64_t n) {
  NaiveMatrix y(n, n);
  for (int64_t i = 0; i < n; ++i) y.at(i, i) = 1;
  return y;
}

inline NaiveMatrix operator*(const NaiveMatrix& a, const NaiveMatrix& b) {
  NaiveMatrix y(a.rows, b.columns);
  for (int64_t i = 0; i < a.rows; ++i)
    for (int64_t k = 0; k < a.columns; ++k)
      for (int64_t j = 0; j < b.columns; ++j) y.at(i, j) += a.at(i, k) * b.at(k, j);
  return y;
}

inline NaiveMatrix operator+(NaiveMatrix a, const NaiveMatrix& b) {
  for (size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}

inline NaiveMatrix naive_transposed(const NaiveMatrix& a) {
  NaiveMatrix y(a.columns, a.rows);
  for (int64_t i = 0; i < a.rows; ++i)
    for (int64_t j = 0; j < a.columns; ++j) y.at(j, i) = a.at(i, j);
  return y;
}

// The heads of one picture, [heads, rows, columns].
inline std::vector<NaiveMatrix> naive_heads(const Tensor& weights, int64_t picture) {
  const int64_t heads = weights.dim(1), size = weights.dim(2) * weights.dim(3);
  std::vector<NaiveMatrix> all;
  for (int64_t h = 0; h < heads; ++h) {
    const float* from = weights.data() + (picture * heads + h) * size;
    all.emplace_back(weights.dim(2), weights.dim(3)).values.assign(from, from + size);
  }
  return all;
}

inline NaiveMatrix naive_fused(const std::vector<NaiveMatrix>& heads, HeadFusion fusion) {
  NaiveMatrix y = heads[0];
  for (size_t i = 0; i < y.values.size(); ++i) {
    std::vector<double> all;
    for (const NaiveMatrix& head : heads) all.push_back(head.values[i]);
    y.values[i] = fusion == HeadFusion::kMax ? *std::max_element(all.begin(), all.end())
                  : fusion == HeadFusion::kMin
                      ? *std::min_element(all.begin(), all.end())
                      : std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  }
  return y;
}

inline std::vector<NaiveMatrix> naive_products(std::vector<NaiveMatrix> a,
                                               const std::vector<NaiveMatrix>& b) {
  for (size_t h = 0; h < a.size(); ++h)
    for (size_t i = 0; i < a[h].values.size(); ++i) a[h].values[i] *= b[h].values[i];
  return a;
}

inline NaiveMatrix naive_positive(NaiveMatrix a) {
  for (double& value : a.values) value = std::max(value, 0.0);
  return a;
}

inline void naive_discard(NaiveMatrix& a, double share, bool keep_first) {
  std::vector<size_t> order(a.values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return a.values[i] < a.values[j]; });
  order.resize(static_cast<size_t>(static_cast<double>(order.size()) * share));
  for (const size_t i : order)
    if (i != 0 || !keep_first) a.values[i] = 0;
}

// `wrong_axis`: column j is divided by the sum of row j, as vit-explain does, where row i is to be.
inline NaiveMatrix naive_rollout(std::vector<NaiveMatrix> layers, double discard, bool keep_first,
                                 bool wrong_axis = false) {
  NaiveMatrix product = naive_identity(layers[0].columns);
  for (NaiveMatrix& layer : layers) {
    naive_discard(layer, discard, keep_first);
    NaiveMatrix a = layer + naive_identity(layer.rows), y = a;
    for (int64_t i = 0; i < a.rows; ++i)
      for (int64_t j = 0; j < a.columns; ++j) {
        const int64_t row = wrong_axis ? j : i;
        double sum = 0;
        for (int64_t k = 0; k < a.columns; ++k) sum += a.at(row, k);
        y.at(i, j) = a.at(i, j) / sum;
      }
    product = y * product;
  }
  return product;
}

}  // namespace fovea
