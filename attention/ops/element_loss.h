#pragma once
#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {

// f(x, t, index) of each pair of values of two tensors of one shape, with its slopes along x and along t; all
// in double.
template <class F, class SlopeX, class SlopeT>
Tensor element_loss(const char* op, const Tensor& x, const Tensor& t, F f, SlopeX along_x, SlopeT along_t) {
  if (x.shape() != t.shape()) fail(op, ": ", x.shape(), " against ", t.shape());
  const auto each = [](const Tensor& a, const Tensor& b, const auto& g) {
    Tensor y(a.shape());
    float* const out = y.mutable_data();
    parallel_for(y.count(), 4096, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) out[i] = static_cast<float>(g(a.data()[i], b.data()[i], i));
    });
    return y;
  };
  return record(each(x, t, f), {x, t}, [x, t, each, along_x, along_t](const Tensor& dy) {
    const auto chain = [&](const auto& slope) {
      return each(x, t, [&](double a, double b, int64_t i) { return dy.data()[i] * slope(a, b, i); });
    };
    return std::vector<Tensor>{x.grad_node() ? chain(along_x) : Tensor(),
                               t.grad_node() ? chain(along_t) : Tensor()};
  });
}

}  // namespace fovea
