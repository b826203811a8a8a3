#include <algorithm>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/channels.h"
#include "attention/kernels/windows.h"
#include "attention/ops/channel_norm.h"
#include "attention/ops/pool.h"

namespace fovea {
namespace {

Tensor times_gate(const Tensor& x, const Tensor& gate, const PictureRows& shape) {
  const int64_t n = shape.channels;
  const Tensor zeros = Tensor::full({n}, 0);
  Tensor y(x.shape());
  for_row_pieces(shape, [&](int64_t picture, int64_t begin, int64_t count) {
    kernels::normalise({zeros.data(), gate.data() + picture * n, zeros.data()}, x.data() + begin * n, count,
                       n, y.mutable_data() + begin * n);
  });
  return y;
}

// Sums over the positions of dy x.
Tensor channel_gate_gradient(const Tensor& x, const Tensor& dy, const Tensor& gate,
                             const PictureRows& shape) {
  const int64_t n = shape.channels;
  const Tensor zeros = Tensor::full({n}, 0);
  const kernels::ChannelNorm plain{zeros.data(), zeros.data(), zeros.data()};
  const auto add_sums = [&](int64_t, int64_t begin, int64_t count, double* sums, double* dots) {
    kernels::normalise_sums(plain, x.data() + begin * n, dy.data() + begin * n, count, n, sums, dots);
  };
  const ChannelTotals totals = channel_totals(shape, add_sums);
  Tensor gradient(gate.shape());
  std::transform(totals.second.begin(), totals.second.end(), gradient.mutable_data(),
                 [](double sum) { return static_cast<float>(sum); });
  return gradient;
}

Tensor times_rows(const Tensor& x, const Tensor& gate) {
  const int64_t n = x.dim(3);
  Tensor y(x.shape());
  parallel_for(gate.count(), std::max<int64_t>(1, 32768 / n), [&](int64_t begin, int64_t end) {
    kernels::scale_rows(x.data() + begin * n, gate.data() + begin, end - begin, n,
                        y.mutable_data() + begin * n);
  });
  return y;
}

Tensor position_gate_gradient(const Tensor& x, const Tensor& dy, const Tensor& gate) {
  const int64_t n = x.dim(3);
  Tensor gradient(gate.shape());
  parallel_for(gate.count(), std::max<int64_t>(1, 32768 / n), [&](int64_t begin, int64_t end) {
    kernels::row_dots(x.data() + begin * n, dy.data() + begin * n, end - begin, n,
                      gradient.mutable_data() + begin);
  });
  return gradient;
}

}  // namespace

Tensor scale_channels(const Tensor& x, const Tensor& gate) {
  if (x.shape().rank() != 4 || x.count() == 0 || gate.shape() != Shape{x.dim(0), x.dim(3)})
    fail("scale_channels: input ", x.shape(), ", gate ", gate.shape());
  const PictureRows shape{x.dim(0), x.dim(1) * x.dim(2), x.dim(3)};
  return record(times_gate(x, gate, shape), {x, gate}, [x, gate, shape](const Tensor& dy) {
    return std::vector<Tensor>{x.grad_node() ? times_gate(dy, gate, shape) : Tensor(),
                               gate.grad_node() ? channel_gate_gradient(x, dy, gate, shape) : Tensor()};
  });
}

Tensor scale_positions(const Tensor& x, const Tensor& gate) {
  if (x.shape().rank() != 4 || x.count() == 0 || gate.shape() != x.shape().with_last(1))
    fail("scale_positions: input ", x.shape(), ", gate ", gate.shape());
  return record(times_rows(x, gate), {x, gate}, [x, gate](const Tensor& dy) {
    return std::vector<Tensor>{x.grad_node() ? times_rows(dy, gate) : Tensor(),
                               gate.grad_node() ? position_gate_gradient(x, dy, gate) : Tensor()};
  });
}

}  // namespace fovea
