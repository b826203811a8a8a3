#include "attention/ops/prelu.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

constexpr int64_t kGrain = 16384;

// sum(dy * x) over each slope's negative values, in order.
Tensor slopes_gradient(const Tensor& dy, const Tensor& x, int64_t C) {
  Tensor sums(Shape{C});
  parallel_for(C, 8, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      double sum = 0;
      for (int64_t i = c; i < x.count(); i += C)
        if (!(x.data()[i] > 0)) sum += static_cast<double>(dy.data()[i]) * x.data()[i];
      sums.mutable_data()[c] = static_cast<float>(sum);
    }
  });
  return sums;
}

}  // namespace

Tensor prelu(const Tensor& x, const Tensor& slopes) {
  const int64_t C = slopes.count();
  if (slopes.shape().rank() != 1 || (C != 1 && x.dim(-1) != C))
    fail("prelu: slopes ", slopes.shape(), " do not fit ", x.shape());
  const auto slope = [slopes, C](float v, int64_t i) { return v > 0 ? 1 : slopes.data()[i % C]; };
  Tensor y(x.shape());
  parallel_for(x.count(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y.mutable_data()[i] = x.data()[i] * slope(x.data()[i], i);
  });
  return record(y, {x, slopes}, [x, slopes, slope, C](const Tensor& dy) {
    Tensor dx = x.grad_node() ? Tensor(x.shape()) : Tensor();
    if (dx)
      parallel_for(x.count(), kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) dx.mutable_data()[i] = dy.data()[i] * slope(x.data()[i], i);
      });
    return std::vector<Tensor>{dx, slopes.grad_node() ? slopes_gradient(dy, x, C) : Tensor()};
  });
}

}  // namespace fovea
