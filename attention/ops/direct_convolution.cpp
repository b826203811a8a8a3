#include "attention/ops/direct_convolution.h"

#include <algorithm>
#include <numeric>

#include "attention/base/parallel.h"

namespace fovea {
namespace {

using kernels::FilterView;
using kernels::PackedConvolution;
using kernels::Window;

// The taps that reach inputs r, r + stride, ... along one axis, counted from the last: a window over dy.
struct Reach {
  int64_t size = 0, last = 0, step = 1, dilation = 1, padding = 0;
};

Reach reach(int64_t r, int64_t size, int64_t stride, int64_t dilation, int64_t padding) {
  Reach reach;
  reach.step = stride / std::gcd(stride, dilation);
  reach.dilation = reach.step * dilation / stride;
  for (int64_t first = 0; first < std::min(size, reach.step); ++first) {
    if ((r + padding - first * dilation) % stride != 0) continue;
    reach.size = (size - 1 - first) / reach.step + 1;
    reach.last = first + (reach.size - 1) * reach.step;
    reach.padding = -(r + padding - reach.last * dilation) / stride;
  }
  return reach;
}

Reach reach(size_t axis, int64_t r, const Shape& weight, const Convolution& how) {
  return reach(r, weight[2 + static_cast<int>(axis)], how.stride[axis], how.dilation[axis],
               how.padding[axis]);
}

// With a stride beyond the window some inputs are reached by no tap.
bool reaches_all(const Shape& weight, const Convolution& how) {
  for (size_t axis = 0; axis < 2; ++axis)
    for (int64_t r = 0; r < how.stride[axis]; ++r)
      if (reach(axis, r, weight, how).size == 0) return false;
  return true;
}

// The filters with channels and outputs exchanged and taps turned round, those of one reach only.
PackedConvolution pack_turned(const Tensor& weight, const Convolution& how, const std::array<Reach, 2>& to) {
  const int64_t outputs = weight.dim(0) / how.groups, channels = weight.dim(1), width = weight.dim(3);
  const int64_t taps = weight.dim(2) * width;
  const FilterView view{.data = weight.data() + to[0].last * width + to[1].last,
                        .groups = how.groups,
                        .outputs = channels,
                        .channels = outputs,
                        .group_stride = outputs * channels * taps,
                        .output_stride = taps,
                        .channel_stride = channels * taps,
                        .tap_stride = {-to[0].step * width, -to[1].step}};
  Window window;
  for (size_t i = 0; i < 2; ++i) {
    window.size[i] = to[i].size, window.dilation[i] = to[i].dilation, window.padding[i] = to[i].padding;
  }
  return PackedConvolution(view, window);
}

}  // namespace

void convolve(const kernels::ConvolutionArgs& args) {
  const kernels::ConvolutionPlan plan(args);
  const int64_t parts = plan.parts(), shares = plan.shares(), floats = plan.scratch();
  constexpr double kWorthATask = 1e6;  // multiply-adds
  const double all = static_cast<double>(args.pictures * args.out_height * args.out_width) *
                     static_cast<double>(args.w->outputs()) *
                     static_cast<double>(args.w->group_channels() * args.w->window().taps());
  const double share = all / static_cast<double>(std::max<int64_t>(1, parts * shares));
  const auto grain = static_cast<int64_t>(kWorthATask / std::max(share, 1.0)) + 1;  // shares
  parallel_for(parts, (grain + shares - 1) / shares, [&](int64_t begin, int64_t end) {
    Tensor scratch(Shape{std::max<int64_t>(floats, 1)});
    for (int64_t part = begin; part < end; ++part) {
      const kernels::BlockInput input = plan.input(part, scratch.mutable_data());
      parallel_for(shares, grain, [&](int64_t first, int64_t last) {
        kernels::convolution(plan, part, first, last, input);
      });
    }
  });
}

// Inputs that lie a stride apart are reached by the same taps: each such set is a convolution of dy with
// stride 1. One set and all taps if the stride is 1.
Tensor direct_input_gradient(const Tensor& dy, const Tensor& weight, const Shape& x, const Convolution& how) {
  Tensor dx = reaches_all(weight.shape(), how) ? Tensor(x) : Tensor::full(x, 0);
  const int64_t channels = x[3], row = x[2] * channels;
  for (int64_t r = 0; r < std::min(how.stride[0], x[1]); ++r)
    for (int64_t c = 0; c < std::min(how.stride[1], x[2]); ++c) {
      const std::array<Reach, 2> to = {reach(0, r, weight.shape(), how), reach(1, c, weight.shape(), how)};
      if (to[0].size == 0 || to[1].size == 0) continue;
      const PackedConvolution packed = pack_turned(weight, how, to);
      convolve({.x = dy.data(),
                .pictures = x[0],
                .height = dy.dim(1),
                .width = dy.dim(2),
                .w = &packed,
                .y = dx.mutable_data() + r * row + c * channels,
                .out_height = (x[1] - r + how.stride[0] - 1) / how.stride[0],
                .out_width = (x[2] - c + how.stride[1] - 1) / how.stride[1],
                .y_picture = x[1] * row,
                .y_row = how.stride[0] * row,
                .y_pixel = how.stride[1] * channels});
    }
  return dx;
}

}  // namespace fovea
