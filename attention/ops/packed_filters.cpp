#include "attention/ops/packed_filters.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"

namespace fovea {
namespace {

using kernels::WinogradTile;

// Filters transformed for F(4x4) take four times the memory of their own, for F(2x2) less than twice. Large
// ones stream through the cache for every picture, and meet small maps: they take the second.
WinogradTile tile_for(const Shape& weight) {
  constexpr int64_t kLarge = 512 * 512;
  return weight[0] * weight[1] < kLarge ? WinogradTile::kFour : WinogradTile::kTwo;
}

}  // namespace

PackedFilters::PackedFilters(const Tensor& weight, const Convolution& how)
    : shape_(weight.shape()), how_(how) {
  if (winograd_fits(shape_, how))
    winograd_ = PackedWinograd(weight, tile_for(shape_));
  else
    direct_ = pack_convolution(weight, how);
}

const char* PackedFilters::way() const {
  if (winograd_) return winograd_.tile() == WinogradTile::kFour ? "winograd 4x4" : "winograd 2x2";
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
