#include "attention/ops/packed_filters.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"

namespace fovea {
namespace {

// Transformed filters take four times the memory of their own.
constexpr int64_t kMostFilters = 512 * 512;

bool transforms(const Shape& weight, const Convolution& how) {
  return winograd_fits(weight, how) && weight[0] * weight[1] <= kMostFilters;
}

}  // namespace

PackedFilters::PackedFilters(const Tensor& weight, const Convolution& how)
    : shape_(weight.shape()), how_(how) {
  if (transforms(shape_, how))
    winograd_ = PackedWinograd(weight);
  else
    direct_ = pack_convolution(weight, how);
}

const char* PackedFilters::way() const {
  if (winograd_) return "winograd 4x4";
  const kernels::Window& window = direct_.window();
  if (direct_.depthwise()) return "depthwise";
  if (direct_.stacked()) return "direct, rows stacked";
  if (window.taps() > 1) return "direct";
  return window.stride == std::array<int64_t, 2>{1, 1} ? "product" : "product, strided";
}

Tensor PackedFilters::operator()(const Tensor& x, const Tensor& bias, const Tail& tail) const {
  if (recorded({x, bias, tail.residual})) fail("convolution: packed weights cannot pass gradients on");
  return winograd_ ? winograd(x, winograd_, bias, how_, tail) : convolution(x, direct_, bias, tail);
}

}  // namespace fovea
