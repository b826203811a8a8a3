#include "models/detr_masks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/ops/einsum.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"
#include "attention/ops/resize.h"

namespace fovea {
namespace {

constexpr float kNormEps = 1e-5f;
constexpr Convolution kSame{.padding = {1, 1}};

// [queries, heads, tokens]: what is added to hide the padding from every query.
Tensor hidden(const Tensor& padding, int64_t queries, int64_t heads) {
  Tensor bias({queries, heads, padding.count()});
  for (int64_t i = 0; i < bias.count(); ++i)
    bias.mutable_data()[i] =
        padding.data()[i % padding.count()] != 0 ? -std::numeric_limits<float>::infinity() : 0;
  return bias;
}

}  // namespace

DetrMasks::Step DetrMasks::step(const Weights& w, int index, int64_t in, int64_t out, int64_t groups) {
  const Weights norm = w / ("norm" + std::to_string(index));
  return {Conv2d(in, out, {3, 3}, w / ("conv" + std::to_string(index)), kSame),
          norm.get("weight", {out}, Init::kOnes), norm.get("bias", {out}, Init::kZeros), groups};
}

DetrMasks::DetrMasks(const DetrMasksConfig& c, const Weights& w)
    : config_(c),
      q_(c.dim, c.dim, w / "q"),
      k_(c.dim, c.dim, w / "k"),
      out_(c.dim / 16, 1, {3, 3}, w / "out", kSame) {
  const int64_t whole = c.dim + c.heads;
  int64_t in = whole;
  for (int i = 1; i <= 5; ++i) {
    const int64_t out = i == 1 ? whole : c.dim >> (i - 1);
    steps_.push_back(step(w, i, in, out, std::min<int64_t>(8, out)));
    in = out;
  }
  for (size_t i = 0; i < c.widths.size(); ++i)
    adapters_.emplace_back(c.widths[i], c.dim >> (i + 1), std::array<int64_t, 2>{1, 1},
                           w / ("adapter" + std::to_string(i + 1)));
}

// Where each query looks, the shares of all heads and places one together: [Q, H, W, heads].
Tensor DetrMasks::attention(const Tensor& queries, const DetrMaskSource& source) const {
  const int64_t Q = queries.dim(1), N = source.memory.dim(1), n = config_.heads, d = config_.dim / n;
  const Tensor q = reshape(q_(queries), {Q, n, d}), k = reshape(k_(source.memory), {N, n, d});
  Tensor scores = scale(einsum("qnd,knd->qnk", q, k), 1 / std::sqrt(static_cast<float>(d)));
  if (source.padding) scores = scores + hidden(source.padding, Q, n);
  const Tensor shares = reshape(softmax(reshape(scores, {Q, n * N}), -1), {Q, n, N});
  return reshape(permute(shares, {0, 2, 1}), {Q, source.projected.dim(0), source.projected.dim(1), n});
}

Tensor DetrMasks::operator()(const Tensor& queries, const DetrMaskSource& source) const {
  const auto run = [](const Step& step, const Tensor& x) {
    return relu(group_norm(step.conv(x), step.groups, step.weight, step.bias, kNormEps));
  };
  Tensor x = concat(repeat(source.projected, queries.dim(1)), attention(queries, source), -1);
  x = run(steps_[1], run(steps_[0], x));
  for (size_t i = 0; i < adapters_.size(); ++i) {
    const Tensor finer = adapters_[i](source.maps[i]);
    const int64_t height = finer.dim(1), width = finer.dim(2);
    x = resize_map(x, height, width, {.filter = Interpolation::kNearest}) +
        reshape(finer, {height, width, finer.dim(3)});
    x = run(steps_[i + 2], x);
  }
  const Tensor masks = out_(x);
  return reshape(masks, {1, masks.dim(0), masks.dim(1), masks.dim(2)});
}

}  // namespace fovea
