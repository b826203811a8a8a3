#include "attention/ops/pool.h"

#include <algorithm>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/windows.h"
#include "attention/ops/channel_norm.h"

namespace fovea {
namespace {

void expect_map(const char* op, const Tensor& x) {
  if (x.shape().rank() != 4 || x.count() == 0) fail(op, ": needs [B, H, W, C], got ", x.shape());
}

// Pieces of a tensor's rows of n values, of one size whatever the threads.
template <class Body>
void for_rows(const Tensor& x, int64_t n, const Body& body) {
  parallel_for(x.count() / n, std::max<int64_t>(1, 32768 / n), body);
}

}  // namespace

Tensor global_average_pool(const Tensor& x) {
  expect_map("global_average_pool", x);
  const int64_t n = x.dim(3);
  const PictureRows shape{x.dim(0), x.dim(1) * x.dim(2), n};
  const ChannelTotals totals = totals_of_squares(shape, x.data());
  Tensor y({x.dim(0), n});
  for (int64_t i = 0; i < y.count(); ++i)
    y.mutable_data()[i] =
        static_cast<float>(totals.first[static_cast<size_t>(i)] / static_cast<double>(shape.rows));
  return record(y, {x}, [input = x.shape(), shape, n](const Tensor& dy) {
    Tensor dx(input);
    const float share = 1 / static_cast<float>(shape.rows);
    for_row_pieces(shape, [&](int64_t picture, int64_t begin, int64_t count) {
      float* const first = dx.mutable_data() + begin * n;
      for (int64_t c = 0; c < n; ++c) first[c] = dy.data()[picture * n + c] * share;
      for (int64_t r = 1; r < count; ++r) std::copy_n(first, n, first + r * n);
    });
    return std::vector<Tensor>{dx};
  });
}

Tensor channel_mean(const Tensor& x) {
  expect_map("channel_mean", x);
  const int64_t n = x.dim(3);
  Tensor y(x.shape().with_last(1));
  for_rows(x, n, [&](int64_t begin, int64_t end) {
    kernels::row_means(x.data() + begin * n, end - begin, n, y.mutable_data() + begin);
  });
  return record(y, {x}, [input = x.shape(), n](const Tensor& dy) {
    Tensor dx(input);
    for_rows(dx, n, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        std::fill_n(dx.mutable_data() + r * n, n, dy.data()[r] / static_cast<float>(n));
    });
    return std::vector<Tensor>{dx};
  });
}

Tensor channel_max(const Tensor& x) {
  expect_map("channel_max", x);
  const int64_t n = x.dim(3);
  Tensor y(x.shape().with_last(1));
  for_rows(x, n, [&](int64_t begin, int64_t end) {
    kernels::row_maxima(x.data() + begin * n, end - begin, n, y.mutable_data() + begin);
  });
  return record(y, {x}, [x, y, n](const Tensor& dy) {
    Tensor dx(x.shape());
    for_rows(x, n, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float *const row = x.data() + r * n, largest = y.data()[r];
        float* const out = dx.mutable_data() + r * n;
        std::fill_n(out, n, 0.f);
        const auto is_largest = [largest](float v) { return v == largest || v != v; };
        if (const int64_t at = std::find_if(row, row + n, is_largest) - row; at < n) out[at] = dy.data()[r];
      }
    });
    return std::vector<Tensor>{dx};
  });
}

}  // namespace fovea
