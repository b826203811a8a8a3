#pragma once
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "tests/support/naive_explain.h"

namespace fovea {

// A stack of EncoderLayers and a row of weights for its first token's output, in double, with a hand in its
// attention's weights.
struct NaiveEncoder {
  std::map<std::string, Tensor> parameters;  // "layers.0.attn.q.weight", ..., "score.weight"
  int layers, heads;
  // Called on the weights of each head.
  std::function<void(int layer, int head, NaiveMatrix& weights)> touch = [](int, int, NaiveMatrix&) {};

  double score(NaiveMatrix x) const {
    for (int i = 0; i < layers; ++i) x = layer(i, x);
    double sum = 0;
    for (int64_t c = 0; c < x.columns; ++c) sum += x.at(0, c) * parameters.at("score.weight").data()[c];
    return sum;
  }

 private:
  NaiveMatrix linear(const std::string& name, const NaiveMatrix& x) const {
    const Tensor &w = parameters.at(name + ".weight"), &bias = parameters.at(name + ".bias");
    NaiveMatrix y(x.rows, w.dim(0));
    for (int64_t i = 0; i < x.rows; ++i)
      for (int64_t o = 0; o < y.columns; ++o) {
        y.at(i, o) = bias.data()[o];
        for (int64_t c = 0; c < x.columns; ++c) y.at(i, o) += x.at(i, c) * w.data()[o * x.columns + c];
      }
    return y;
  }
  NaiveMatrix norm(const std::string& name, const NaiveMatrix& x) const {
    const Tensor &w = parameters.at(name + ".weight"), &bias = parameters.at(name + ".bias");
    NaiveMatrix y = x;
    const auto n = static_cast<double>(x.columns);
    for (int64_t i = 0; i < x.rows; ++i) {
      double mean = 0, square = 0;
      for (int64_t c = 0; c < x.columns; ++c) mean += x.at(i, c) / n;
      for (int64_t c = 0; c < x.columns; ++c) square += std::pow(x.at(i, c) - mean, 2) / n;
      for (int64_t c = 0; c < x.columns; ++c)
        y.at(i, c) = (x.at(i, c) - mean) / std::sqrt(square + 1e-6) * w.data()[c] + bias.data()[c];
    }
    return y;
  }
  NaiveMatrix weights(const NaiveMatrix& q, const NaiveMatrix& k, int64_t head) const {
    const int64_t dim = q.columns / heads;
    NaiveMatrix y(q.rows, k.rows);
    for (int64_t i = 0; i < y.rows; ++i) {
      double sum = 0;
      for (int64_t j = 0; j < y.columns; ++j) {
        double dot = 0;
        for (int64_t c = head * dim; c < (head + 1) * dim; ++c) dot += q.at(i, c) * k.at(j, c);
        sum += y.at(i, j) = std::exp(dot / std::sqrt(static_cast<double>(dim)));
      }
      for (int64_t j = 0; j < y.columns; ++j) y.at(i, j) /= sum;
    }
    return y;
  }
  NaiveMatrix attention(int index, const std::string& name, const NaiveMatrix& x) const {
    const NaiveMatrix q = linear(name + ".q", x), k = linear(name + ".k", x), v = linear(name + ".v", x);
    NaiveMatrix y(x.rows, v.columns);
    const int64_t dim = v.columns / heads;
    for (int h = 0; h < heads; ++h) {
      NaiveMatrix w = weights(q, k, h);
      touch(index, h, w);
      for (int64_t i = 0; i < w.rows; ++i)
        for (int64_t j = 0; j < w.columns; ++j)
          for (int64_t c = h * dim; c < (h + 1) * dim; ++c) y.at(i, c) += w.at(i, j) * v.at(j, c);
    }
    return linear(name + ".out", y);
  }
  NaiveMatrix layer(int index, const NaiveMatrix& x) const {
    const std::string name = "layers." + std::to_string(index);
    const NaiveMatrix y = x + attention(index, name + ".attn", norm(name + ".norm1", x));
    NaiveMatrix inner = linear(name + ".mlp.fc1", norm(name + ".norm2", y));
    for (double& value : inner.values) value *= std::erfc(-value / std::sqrt(2.0)) / 2;
    return y + linear(name + ".mlp.fc2", inner);
  }
};

}  // namespace fovea
