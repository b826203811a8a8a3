#include "attention/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/attention.h"
#include "attention/kernels/gemm.h"

namespace fovea {
namespace {

using kernels::AttentionHead;
using kernels::MatrixView;
using kernels::PackedMatrix;

// The call's tensors, cut into heads.
struct Heads {
  Tensor q, k, v;
  AttentionArgs args;
  int64_t B, H, Nq, Nk, C, Cv, d, dv;
  float scale;

  AttentionHead head(int64_t b, int64_t h) const {
    return {.queries = Nq,
            .keys = Nk,
            .dim = d,
            .value_dim = dv,
            .scale = scale,
            .q = q.data() + b * Nq * C + h * d,
            .q_stride = C,
            .k = k.data() + b * Nk * C + h * d,
            .k_stride = C,
            .v = v ? v.data() + b * Nk * Cv + h * dv : nullptr,
            .v_stride = Cv,
            .key_mask = args.key_mask ? args.key_mask.data() + b * Nk : nullptr,
            .bias = args.bias ? args.bias.data() + bias_offset(b, h) : nullptr,
            .bias_stride = Nk};
  }
  int64_t bias_offset(int64_t b, int64_t h) const {
    const int rank = args.bias.shape().rank();
    return (rank == 2 ? 0 : rank == 3 ? h : b * H + h) * Nq * Nk;
  }
};

bool fits(const Tensor& bias, int64_t B, int64_t H, int64_t Nq, int64_t Nk) {
  return bias.shape() == Shape{Nq, Nk} || bias.shape() == Shape{H, Nq, Nk} ||
         bias.shape() == Shape{B, H, Nq, Nk};
}

Heads split(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArgs& args) {
  if (q.shape().rank() != 3 || k.shape().rank() != 3 || k.dim(0) != q.dim(0) || k.dim(2) != q.dim(2) ||
      args.heads < 1 || q.dim(2) % args.heads)
    fail("attention: queries ", q.shape(), " and keys ", k.shape(), " with ", args.heads, " heads");
  if (v && (v.shape().rank() != 3 || v.dim(0) != k.dim(0) || v.dim(1) != k.dim(1) || v.dim(2) % args.heads))
    fail("attention: values ", v.shape(), " for keys ", k.shape(), " with ", args.heads, " heads");
  Heads s{.q = q,
          .k = k,
          .v = v,
          .args = args,
          .B = q.dim(0),
          .H = args.heads,
          .Nq = q.dim(1),
          .Nk = k.dim(1),
          .C = q.dim(2),
          .Cv = v ? v.dim(2) : 0,
          .d = q.dim(2) / args.heads,
          .dv = v ? v.dim(2) / args.heads : 0,
          .scale = args.scale};
  if (args.key_mask && args.key_mask.shape() != Shape{s.B, s.Nk})
    fail("attention: mask ", args.key_mask.shape(), " for keys ", k.shape());
  if (args.bias && !fits(args.bias, s.B, s.H, s.Nq, s.Nk))
    fail("attention: bias ", args.bias.shape(), " for ", Shape{s.B, s.H, s.Nq, s.Nk});
  if (s.scale == 0) s.scale = 1 / std::sqrt(static_cast<float>(s.d));
  return s;
}

// Packs the keys and values of all heads, then calls body(b, h, packed, first query, last query, scratch) on
// blocks.
template <class Body>
void for_query_blocks(const Heads& s, const Body& body) {
  if (s.B * s.H * s.Nq == 0) return;
  const AttentionHead any = s.head(0, 0);
  const int64_t size = kernels::packed_size(any), block = kernels::query_block(any);
  const int64_t blocks = (s.Nq + block - 1) / block;
  Tensor packed(Shape{s.B * s.H, size});
  parallel_for(s.B * s.H, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      kernels::pack_keys_values(s.head(i / s.H, i % s.H), packed.mutable_data() + i * size);
  });
  parallel_for(s.B * s.H * blocks, 1, [&](int64_t begin, int64_t end) {
    Tensor scratch(Shape{kernels::scratch_size(any, block)});
    for (int64_t i = begin; i < end; ++i) {
      const int64_t head = i / blocks, first = i % blocks * block;
      body(head / s.H, head % s.H, packed.data() + head * size, first, std::min(s.Nq, first + block),
           scratch.mutable_data());
    }
  });
}

// y [rows, w.columns] = x w^T, on this thread; or of a turned x, [depth, rows].
enum class As { kIs, kTurned };
void small_product(const float* x, int64_t x_stride, As as, int64_t rows, const MatrixView& w, float* y,
                   int64_t y_stride) {
  const PackedMatrix packed(w);
  kernels::gemm({x, x_stride, &packed, y, y_stride, {}, as == As::kTurned}, 0, rows, 0,
                packed.panels().count());
}

// A score that is a constant, and has no gradient.
bool is_hidden(const AttentionHead& head, int64_t query, int64_t key) {
  return (head.key_mask && head.key_mask[key] != 0) ||
         (head.bias && head.bias[query * head.bias_stride + key] == -std::numeric_limits<float>::infinity());
}

// Of one head, from weights p and their gradient dp, which is overwritten: dS = P (dP - rowsum(P dP)),
// dq = dS k scale, dk = dS^T q scale.
void score_gradients(const Heads& s, int64_t b, int64_t h, const Tensor& p, Tensor& dp, Tensor& dq,
                     Tensor& dk, Tensor& dscores) {
  const AttentionHead head = s.head(b, h);
  for (int64_t i = 0; i < s.Nq; ++i) {
    const float* weights = p.data() + i * s.Nk;
    float* row = dp.mutable_data() + i * s.Nk;
    double dot = 0;
    for (int64_t j = 0; j < s.Nk; ++j) dot += weights[j] * row[j];
    for (int64_t j = 0; j < s.Nk; ++j) row[j] = weights[j] * (row[j] - static_cast<float>(dot));
    if (head.key_mask || head.bias)
      for (int64_t j = 0; j < s.Nk; ++j)
        if (is_hidden(head, i, j)) row[j] = 0;
  }
  if (dscores) std::copy_n(dp.data(), dp.count(), dscores.mutable_data() + (b * s.H + h) * s.Nq * s.Nk);
  for (int64_t i = 0; i < dp.count(); ++i) dp.mutable_data()[i] *= s.scale;
  small_product(dp.data(), s.Nk, As::kIs, s.Nq, {head.k, s.d, s.Nk, 1, s.C},
                dq.mutable_data() + b * s.Nq * s.C + h * s.d, s.C);
  small_product(dp.data(), s.Nk, As::kTurned, s.Nk, {head.q, s.d, s.Nq, 1, s.C},
                dk.mutable_data() + b * s.Nk * s.C + h * s.d, s.C);
}

// One head's gradients. P is recomputed; dv = P^T dy, dP = dy v^T.
void head_gradients(const Heads& s, int64_t b, int64_t h, const Tensor& dy, Tensor& dq, Tensor& dk,
                    Tensor& dv, Tensor& dscores) {
  AttentionHead head = s.head(b, h);
  const float* dout = dy.data() + b * s.Nq * s.Cv + h * s.dv;
  Tensor p(Shape{s.Nq, s.Nk}), dp(Shape{s.Nq, s.Nk});
  Tensor packed(Shape{kernels::packed_size(head)}), scratch(Shape{kernels::scratch_size(head, s.Nq)});
  kernels::pack_keys_values(head, packed.mutable_data());
  kernels::attend_weights(head, packed.data(), 0, s.Nq, p.mutable_data(), s.Nk, scratch.mutable_data());

  small_product(p.data(), s.Nk, As::kTurned, s.Nk, {dout, s.dv, s.Nq, 1, s.Cv},
                dv.mutable_data() + b * s.Nk * s.Cv + h * s.dv, s.Cv);
  small_product(dout, s.Cv, As::kIs, s.Nq, {head.v, s.Nk, s.dv, s.Cv, 1}, dp.mutable_data(), s.Nk);
  score_gradients(s, b, h, p, dp, dq, dk, dscores);
}

// Sums of [B, H, Nq, Nk] over what the bias lacks, in order.
Tensor bias_gradient(const Tensor& dscores, const Shape& shape) {
  if (shape == dscores.shape()) return dscores;
  Tensor sum = Tensor::full(shape, 0);
  const int64_t count = sum.count();
  parallel_for(count, 4096, [&](int64_t begin, int64_t end) {
    for (const float* row = dscores.data(); row != dscores.data() + dscores.count(); row += count)
      for (int64_t i = begin; i < end; ++i) sum.mutable_data()[i] += row[i];
  });
  return sum;
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArgs& args) {
  if (!v) fail("attention: no values");
  const Heads s = split(q, k, v, args);
  Tensor y(Shape{s.B, s.Nq, s.Cv});
  for_query_blocks(
      s, [&](int64_t b, int64_t h, const float* packed, int64_t begin, int64_t end, float* scratch) {
        kernels::attend(s.head(b, h), packed, begin, end, y.mutable_data() + b * s.Nq * s.Cv + h * s.dv, s.Cv,
                        scratch);
      });
  return record(y, {q, k, v, args.bias}, [s](const Tensor& dy) {
    Tensor dq(s.q.shape()), dk(s.k.shape()), dv(s.v.shape()), dscores;
    if (s.args.bias && s.args.bias.grad_node()) dscores = Tensor(Shape{s.B, s.H, s.Nq, s.Nk});
    parallel_for(s.B * s.H, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) head_gradients(s, i / s.H, i % s.H, dy, dq, dk, dv, dscores);
    });
    return std::vector<Tensor>{dq, dk, dv, dscores ? bias_gradient(dscores, s.args.bias.shape()) : Tensor()};
  });
}

Tensor attention_weights(const Tensor& q, const Tensor& k, const AttentionArgs& args) {
  const Heads s = split(q, k, {}, args);
  Tensor weights(Shape{s.B, s.H, s.Nq, s.Nk});
  for_query_blocks(
      s, [&](int64_t b, int64_t h, const float* packed, int64_t begin, int64_t end, float* scratch) {
        kernels::attend_weights(s.head(b, h), packed, begin, end,
                                weights.mutable_data() + (b * s.H + h) * s.Nq * s.Nk, s.Nk, scratch);
      });
  return record(weights, {q, k, args.bias}, [s, weights](const Tensor& dweights) {
    Tensor dq(s.q.shape()), dk(s.k.shape()), dscores;
    if (s.args.bias && s.args.bias.grad_node()) dscores = Tensor(weights.shape());
    parallel_for(s.B * s.H, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto head = static_cast<size_t>(i * s.Nq * s.Nk), count = static_cast<size_t>(s.Nq * s.Nk);
        const Shape shape{s.Nq, s.Nk};
        Tensor dp(shape, dweights.values().subspan(head, count));
        score_gradients(s, i / s.H, i % s.H, Tensor(shape, weights.values().subspan(head, count)), dp, dq, dk,
                        dscores);
      }
    });
    return std::vector<Tensor>{dq, dk, dscores ? bias_gradient(dscores, s.args.bias.shape()) : Tensor()};
  });
}

}  // namespace fovea
