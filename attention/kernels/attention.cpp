#include "attention/kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/attention.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>
#include <cmath>

#include "attention/kernels/gemm.h"
#include "attention/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

constexpr float kLog2E = 1.44269504f;
constexpr float kHidden =
    -1e30f;  // a masked score: finite, so that a row of nothing else still has a softmax
constexpr float kPadding =
    -2e30f;  // columns that fill the last vector: below every masked one, so never counted
constexpr int64_t kPanel = kTileVectors * kLanes;

HWY_INLINE int64_t RoundUp(int64_t n) {
  return (n + kLanes - 1) / kLanes * kLanes;
}

// Columns of the next panel of v: 3 vectors, but 4 left go as 2 + 2, since one vector alone waits on its own
// sums.
HWY_INLINE int64_t ValuePanel(int64_t left) {
  const int64_t vectors = left / kLanes;
  return std::min<int64_t>(vectors == 4 ? 2 : 3, vectors) * kLanes;
}

int64_t PackedSize(const AttentionHead& h) {
  return RoundUp(h.keys) * h.dim + (h.v ? h.keys * RoundUp(h.value_dim) : 0);
}

void PackKeysValues(const AttentionHead& h, float* out) {
  // The factor log2(e) folded into the scores makes the softmax a plain 2^x.
  const MatrixView keys{h.k, h.keys, h.dim, h.k_stride, 1};
  const int64_t padded = RoundUp(h.keys);
  for (int64_t n = 0; n < padded; n += kPanel) {
    const int64_t width = std::min(kPanel, padded - n);
    pack_panel(keys, n, width, 0, h.dim, h.scale * kLog2E, out);
    out += width * h.dim;
  }
  if (!h.v) return;
  const MatrixView values{h.v, h.value_dim, h.keys, 1, h.v_stride};
  const int64_t columns = RoundUp(h.value_dim);
  for (int64_t n = 0; n < columns;) {
    const int64_t width = ValuePanel(columns - n);
    pack_panel(values, n, width, 0, h.keys, 1.f, out);
    out += width * h.keys;
    n += width;
  }
}

HWY_INLINE void Product(int64_t rows, int64_t width, TileArgs t) {
  for (int64_t i = 0; i < rows;) {
    const int64_t r = NextTileRows(rows - i);
    Tile(r, width / kLanes, t);
    t.a += r * t.a_stride;
    t.c += r * t.c_stride;
    i += r;
  }
}

void AddBias(const AttentionHead& h, int64_t query, float* row) {
  const float* bias = h.bias ? h.bias + query * h.bias_stride : nullptr;
  for (int64_t j = 0; j < h.keys; ++j) {
    float score = row[j] + (bias ? bias[j] * kLog2E : 0.f);
    if (h.key_mask && h.key_mask[j] != 0) score = kHidden;
    row[j] = std::max(score, kHidden);
  }
}

// A row of scores in powers of two -> exp(score - max), returns the sum.
HWY_INLINE float SoftmaxRow(float* row, int64_t n) {
  const D d;
  V top0 = Constant(kPadding), top1 = top0;
  int64_t j = 0;
  for (; j + 2 * kLanes <= n; j += 2 * kLanes) {
    top0 = hn::Max(top0, hn::LoadU(d, row + j));
    top1 = hn::Max(top1, hn::LoadU(d, row + j + kLanes));
  }
  if (j < n) top0 = hn::Max(top0, hn::LoadU(d, row + j));
  const V top = hn::MaxOfLanes(d, hn::Max(top0, top1));
  V sum0 = hn::Zero(d), sum1 = sum0;
  for (j = 0; j + 2 * kLanes <= n; j += 2 * kLanes) {
    const V e0 = Exp2(hn::Sub(hn::LoadU(d, row + j), top));
    const V e1 = Exp2(hn::Sub(hn::LoadU(d, row + j + kLanes), top));
    hn::StoreU(e0, d, row + j);
    hn::StoreU(e1, d, row + j + kLanes);
    sum0 = hn::Add(sum0, e0);
    sum1 = hn::Add(sum1, e1);
  }
  if (j < n) {
    const V e = Exp2(hn::Sub(hn::LoadU(d, row + j), top));
    hn::StoreU(e, d, row + j);
    sum0 = hn::Add(sum0, e);
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
}

// Unnormalised weights of queries [begin, end) into `scores`, and their sums.
void Scores(const AttentionHead& h, const float* packed, int64_t begin, int64_t end, float* scores,
            int64_t stride, float* sums) {
  const int64_t padded = RoundUp(h.keys);
  for (int64_t n = 0; n < padded; n += kPanel) {
    const int64_t width = std::min(kPanel, padded - n);
    TileArgs t{.depth = h.dim, .a = h.q + begin * h.q_stride, .a_stride = h.q_stride};
    t.b = packed + n * h.dim;
    t.c = scores + n;
    t.c_stride = stride;
    Product(end - begin, width, t);
  }
  for (int64_t i = 0; i < end - begin; ++i) {
    float* row = scores + i * stride;
    if (h.bias || h.key_mask) AddBias(h, begin + i, row);
    std::fill(row + h.keys, row + padded, kPadding);
    sums[i] = SoftmaxRow(row, padded);
  }
}

void Attend(const AttentionHead& h, const float* packed, int64_t begin, int64_t end, float* out,
            int64_t out_stride, float* scratch) {
  const D d;
  const int64_t queries = end - begin, stride = RoundUp(h.keys) + kLanes, columns = RoundUp(h.value_dim);
  float* sums = scratch;
  float* scores = sums + RoundUp(queries);
  float* sum_of_values = scores + queries * stride;
  Scores(h, packed, begin, end, scores, stride, sums);
  const float* values = packed + RoundUp(h.keys) * h.dim;
  for (int64_t n = 0; n < columns;) {
    const int64_t width = ValuePanel(columns - n);
    TileArgs t{.depth = h.keys, .a = scores, .a_stride = stride};
    t.b = values + n * h.keys;
    t.c = sum_of_values + n;
    t.c_stride = columns;
    Product(queries, width, t);
    n += width;
  }
  for (int64_t i = 0; i < queries; ++i) {
    const float inverse = sums[i] == 0 ? 0 : 1.f / sums[i];  // no keys at all: zeros
    const float* from = sum_of_values + i * columns;
    float* to = out + (begin + i) * out_stride;
    int64_t c = 0;
    for (; c + kLanes <= h.value_dim; c += kLanes)
      hn::StoreU(hn::Mul(hn::LoadU(d, from + c), Constant(inverse)), d, to + c);
    for (; c < h.value_dim; ++c) to[c] = from[c] * inverse;
  }
}

void AttendWeights(const AttentionHead& h, const float* packed, int64_t begin, int64_t end, float* weights,
                   int64_t weights_stride, float* scratch) {
  const int64_t queries = end - begin, stride = RoundUp(h.keys) + kLanes;
  float* sums = scratch;
  float* scores = sums + RoundUp(queries);
  Scores(h, packed, begin, end, scores, stride, sums);
  for (int64_t i = 0; i < queries; ++i) {
    const float inverse = 1.f / sums[i];
    for (int64_t j = 0; j < h.keys; ++j)
      weights[(begin + i) * weights_stride + j] = scores[i * stride + j] * inverse;
  }
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "attention/base/isa.h"

namespace fovea::kernels {

HWY_EXPORT(PackedSize);
HWY_EXPORT(PackKeysValues);
HWY_EXPORT(Attend);
HWY_EXPORT(AttendWeights);

int64_t packed_size(const AttentionHead& head) {
  active_isa();
  return HWY_DYNAMIC_DISPATCH(PackedSize)(head);
}

void pack_keys_values(const AttentionHead& head, float* keys_values) {
  HWY_DYNAMIC_DISPATCH(PackKeysValues)(head, keys_values);
}

int64_t query_block(const AttentionHead& head) {
  constexpr int64_t kMost = 48, kScores = 65536;
  const int64_t fit = std::clamp<int64_t>(kScores / std::max<int64_t>(head.keys, 1), 4, kMost);
  const int64_t blocks = std::max<int64_t>(1, (head.queries + fit - 1) / fit);  // equal ones, never a sliver
  return std::max<int64_t>(4, ((head.queries + blocks - 1) / blocks + 3) / 4 * 4);
}

int64_t scratch_size(const AttentionHead& head, int64_t queries) {
  constexpr int64_t kWidest = 16;  // lanes
  return (queries + kWidest) + queries * (head.keys + 2 * kWidest) + queries * (head.value_dim + kWidest);
}

void attend(const AttentionHead& head, const float* keys_values, int64_t begin, int64_t end, float* out,
            int64_t out_stride, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Attend)(head, keys_values, begin, end, out, out_stride, scratch);
}

void attend_weights(const AttentionHead& head, const float* keys_values, int64_t begin, int64_t end,
                    float* weights, int64_t weights_stride, float* scratch) {
  HWY_DYNAMIC_DISPATCH(AttendWeights)(head, keys_values, begin, end, weights, weights_stride, scratch);
}

}  // namespace fovea::kernels
#endif
