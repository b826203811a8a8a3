#include "attention/ops/packed_filters.h"

#include "attention/autograd/grad.h"

namespace fovea {
namespace {

// Transformed filters take four times the memory of their own; the largest layers sit on maps too small to
// gain.
constexpr int64_t kMostFilters = 256 * 256;

bool worth_transforming(const Shape& weight, const Convolution& how) {
  constexpr int64_t kLargeMap = 64;
  return weight[0] * weight[1] <= kMostFilters &&
         winograd_suits({1, kLargeMap, kLargeMap, weight[1] * how.groups}, weight, how);
}

}  // namespace

PackedFilters::PackedFilters(const Tensor& weight, const Convolution& how)
    : shape_(weight.shape()), how_(how), direct_(pack_convolution(weight, how)) {
  if (worth_transforming(shape_, how)) winograd_ = PackedWinograd(weight);
}

Tensor PackedFilters::operator()(const Tensor& x, const Tensor& bias, const Tail& tail) const {
  if (winograd_ && winograd_suits(x.shape(), shape_, how_) && !recorded({x, bias, tail.residual}))
    return winograd(x, winograd_, bias, how_, tail);
  return convolution(x, direct_, bias, tail);
}

}  // namespace fovea
