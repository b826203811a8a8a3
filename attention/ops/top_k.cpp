#include "attention/ops/top_k.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

// The indices of the k largest of n values.
void largest(const float* x, int64_t n, int64_t k, int64_t* indices) {
  std::vector<int64_t> all(static_cast<size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  std::partial_sort(all.begin(), all.begin() + k, all.end(), [x](int64_t a, int64_t b) {
    if (x[a] != x[b] && !(std::isnan(x[a]) && std::isnan(x[b])))
      return std::isnan(x[a]) || (!std::isnan(x[b]) && x[a] > x[b]);
    return a < b;
  });
  std::copy_n(all.begin(), k, indices);
}

}  // namespace

TopK top_k(const Tensor& x, int64_t k) {
  const int64_t n = x.dim(-1), rows = x.shape().with_last(1).count();
  if (k < 0 || k > n) fail("top_k: ", k, " of the last axis of ", x.shape());
  TopK top{Tensor(x.shape().with_last(k)), std::vector<int64_t>(static_cast<size_t>(rows * k))};
  parallel_for(rows, 4096 / std::max<int64_t>(n, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      largest(x.data() + row * n, n, k, top.indices.data() + row * k);
      for (int64_t i = row * k; i < (row + 1) * k; ++i)
        top.values.mutable_data()[i] = x.data()[row * n + top.indices[static_cast<size_t>(i)]];
    }
  });
  top.values = record(top.values, {x}, [indices = top.indices, shape = x.shape(), n, k](const Tensor& dy) {
    Tensor dx = Tensor::full(shape, 0);
    for (int64_t i = 0; i < dy.count(); ++i)
      dx.mutable_data()[i / k * n + indices[static_cast<size_t>(i)]] = dy.data()[i];
    return std::vector<Tensor>{dx};
  });
  return top;
}

}  // namespace fovea
