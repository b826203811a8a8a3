#include "attention/ops/blur_pool.h"

#include "attention/base/error.h"
#include "attention/ops/convolution.h"

namespace fovea {
namespace {

// Row size - 1 of Pascal's triangle, summing to 1.
std::vector<float> binomial(int64_t size) {
  std::vector<float> row(static_cast<size_t>(size), 0);
  row[0] = 1;
  for (int64_t n = 1; n < size; ++n) {
    for (size_t i = static_cast<size_t>(n); i > 0; --i) row[i] = (row[i] + row[i - 1]) / 2;
    row[0] /= 2;
  }
  return row;
}

}  // namespace

Tensor blur_pool(const Tensor& x, int64_t size, int64_t stride, Border border) {
  if (x.shape().rank() != 4 || size < 1 || stride < 1)
    fail("blur_pool: ", x.shape(), " by a filter of ", size, " with stride ", stride);
  const std::vector<float> row = binomial(size);
  const int64_t channels = x.dim(3), padding = (stride - 1 + size - 1) / 2;
  Tensor filters({channels, 1, size, size});
  for (int64_t i = 0; i < filters.count(); ++i)
    filters.mutable_data()[i] =
        row[static_cast<size_t>(i / size % size)] * row[static_cast<size_t>(i % size)];
  const Tensor padded = pad(pad(x, 1, padding, padding, border), 2, padding, padding, border);
  return convolution(padded, filters, {}, {.stride = {stride, stride}, .groups = channels});
}

}  // namespace fovea
