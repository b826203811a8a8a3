#include "attention/ops/convolution3d.h"

#include "attention/base/error.h"
#include "attention/ops/convolution.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

// The frame that each output looks at through one tap; -1: none, zeros.
std::vector<int64_t> frames_of(int64_t tap, int64_t frames, int64_t outputs, const Convolution3d& how) {
  std::vector<int64_t> places;
  for (int64_t i = 0; i < outputs; ++i) {
    const int64_t frame = i * how.stride[0] + tap * how.dilation[0] - how.padding[0];
    places.push_back(frame < frames ? frame : -1);
  }
  return places;
}

int64_t output_frames(const Tensor& x, const Tensor& weight, const Convolution3d& how) {
  if (weight.shape().rank() != 5 || weight.count() == 0)
    fail("convolution3d: weight ", weight.shape(), " is not [out, in / groups, time, height, width]");
  if (how.stride[0] < 1 || how.dilation[0] < 1 || how.padding[0] < 0)
    fail("convolution3d: stride ", how.stride[0], ", padding ", how.padding[0], ", dilation ",
         how.dilation[0], " in time");
  if (x.shape().rank() != 5) fail("convolution3d: input ", x.shape(), " is not [B, T, H, W, C]");
  const int64_t room = x.dim(1) + 2 * how.padding[0] - (weight.dim(2) - 1) * how.dilation[0];
  if (room < 1) fail("convolution3d: input ", x.shape(), " is shorter than the window");
  return (room - 1) / how.stride[0] + 1;
}

}  // namespace

// One convolution of pictures for each tap in time, each added to those before it.
Tensor convolution3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Convolution3d& how) {
  const int64_t T = output_frames(x, weight, how), B = x.dim(0);
  const Convolution flat{.stride = {how.stride[1], how.stride[2]},
                         .padding = {how.padding[1], how.padding[2]},
                         .dilation = {how.dilation[1], how.dilation[2]},
                         .groups = how.groups};
  Tensor sum;
  for (int64_t tap = 0; tap < weight.dim(2); ++tap) {
    const Tensor frames = take(x, 1, frames_of(tap, x.dim(1), T, how));
    const Tensor filters =
        reshape(slice(weight, 2, tap, 1), {weight.dim(0), weight.dim(1), weight.dim(3), weight.dim(4)});
    sum = convolution(reshape(frames, {B * T, x.dim(2), x.dim(3), x.dim(4)}), filters,
                      tap == 0 ? bias : Tensor(), flat, {.residual = sum});
  }
  return reshape(sum, {B, T, sum.dim(1), sum.dim(2), sum.dim(3)});
}

}  // namespace fovea
