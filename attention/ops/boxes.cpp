#include "attention/ops/boxes.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/box_formulas.h"

namespace fovea {
namespace {

constexpr int64_t kGrain = 2048;

// map(from, to) on each box, and its transpose on each box of the gradient.
template <class Map, class Turned>
Tensor map_boxes(const char* op, const Tensor& boxes, Map map, Turned turned) {
  if (boxes.shape().rank() < 1 || boxes.dim(-1) != 4) fail(op, ": ", boxes.shape(), " is not [..., 4]");
  const auto each = [](const Tensor& x, const auto& f) {
    Tensor y(x.shape());
    float* const out = y.mutable_data();
    parallel_for(x.count() / 4, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(x.data() + 4 * i, out + 4 * i);
    });
    return y;
  };
  return record(each(boxes, map), {boxes},
                [each, turned](const Tensor& dy) { return std::vector<Tensor>{each(dy, turned)}; });
}

template <class T>
T overlap_of(const BoxPair<T>& pair, BoxOverlap overlap) {
  constexpr double kEps = 1e-7;
  const T iou = iou_of(pair, 0);
  if (overlap == BoxOverlap::kIou) return iou;
  if (overlap == BoxOverlap::kGiou) return iou - gap_share(pair, 0);
  const T diou = iou - centre_share(pair, kEps);
  if (overlap == BoxOverlap::kDiou) return diou;
  const T aspect = aspect_term(pair, 0);
  return diou - held(over(aspect, 1 - iou + aspect + kEps)) * aspect;
}

// The gradient of a's boxes, or of b's, for dy [N, M].
Tensor overlap_gradient(const Tensor& a, const Tensor& b, const Tensor& dy, BoxOverlap overlap, bool of_a) {
  const int64_t N = a.dim(0), M = b.dim(0);
  Tensor gradient = Tensor::full((of_a ? a : b).shape(), 0);
  parallel_for(of_a ? N : M, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::array<double, 4> sums{};
      for (int64_t j = 0; j < (of_a ? M : N); ++j) {
        const int64_t row = of_a ? i : j, column = of_a ? j : i;
        const BoxPair<Dual<8>> pair = dual_pair(a.data() + 4 * row, b.data() + 4 * column);
        const Dual<8> y = overlap_of(pair, overlap);
        for (int k = 0; k < 4; ++k) sums[k] += dy.data()[row * M + column] * y.slopes[of_a ? k : 4 + k];
      }
      for (int k = 0; k < 4; ++k) gradient.mutable_data()[4 * i + k] = static_cast<float>(sums[k]);
    }
  });
  return gradient;
}

}  // namespace

Tensor box_corners(const Tensor& boxes) {
  return map_boxes(
      "box_corners", boxes,
      [](const float* c, float* xy) {
        for (int i = 0; i < 2; ++i) {
          xy[i] = c[i] - 0.5f * c[2 + i];
          xy[2 + i] = c[i] + 0.5f * c[2 + i];
        }
      },
      [](const float* dxy, float* dc) {
        for (int i = 0; i < 2; ++i) {
          dc[i] = dxy[i] + dxy[2 + i];
          dc[2 + i] = 0.5f * (dxy[2 + i] - dxy[i]);
        }
      });
}

Tensor box_centres(const Tensor& boxes) {
  return map_boxes(
      "box_centres", boxes,
      [](const float* xy, float* c) {
        for (int i = 0; i < 2; ++i) {
          c[i] = 0.5f * (xy[i] + xy[2 + i]);
          c[2 + i] = xy[2 + i] - xy[i];
        }
      },
      [](const float* dc, float* dxy) {
        for (int i = 0; i < 2; ++i) {
          dxy[i] = 0.5f * dc[i] - dc[2 + i];
          dxy[2 + i] = 0.5f * dc[i] + dc[2 + i];
        }
      });
}

Tensor pairwise_overlap(const Tensor& a, const Tensor& b, BoxOverlap overlap) {
  for (const Tensor& boxes : {a, b})
    if (boxes.shape().rank() != 2 || boxes.dim(1) != 4)
      fail("pairwise_overlap: ", a.shape(), " and ", b.shape(), " are not both [N, 4]");
  const int64_t N = a.dim(0), M = b.dim(0);
  Tensor y(Shape{N, M});
  float* const out = y.mutable_data();
  parallel_for(N * M, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const BoxPair<double> pair(plain_box(a.data() + 4 * (i / M)), plain_box(b.data() + 4 * (i % M)));
      out[i] = static_cast<float>(overlap_of(pair, overlap));
    }
  });
  return record(y, {a, b}, [a, b, overlap](const Tensor& dy) {
    return std::vector<Tensor>{a.grad_node() ? overlap_gradient(a, b, dy, overlap, true) : Tensor(),
                               b.grad_node() ? overlap_gradient(a, b, dy, overlap, false) : Tensor()};
  });
}

}  // namespace fovea
