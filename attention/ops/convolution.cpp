#include "attention/ops/convolution.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/kernels/packed_matrix.h"
#include "attention/ops/channel_sums.h"
#include "attention/ops/direct_convolution.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/winograd.h"

namespace fovea {
namespace {

using kernels::PackedConvolution;
using kernels::Window;

void expect_sense(const Shape& weight, const Convolution& how) {
  if (weight.rank() != 4 || weight.count() == 0)
    fail("convolution: weight ", weight, " is not [out, in / groups, height, width]");
  for (size_t i = 0; i < 2; ++i)
    if (how.stride[i] < 1 || how.dilation[i] < 1 || how.padding[i] < 0)
      fail("convolution: stride ", how.stride[i], ", padding ", how.padding[i], ", dilation ",
           how.dilation[i]);
  if (how.groups < 1 || weight[0] % how.groups != 0)
    fail("convolution: ", how.groups, " groups for weight ", weight);
}

Window window_of(const Shape& weight, const Convolution& how) {
  return {
      .size = {weight[2], weight[3]}, .stride = how.stride, .dilation = how.dilation, .padding = how.padding};
}

// The shape of the output, or a complaint.
Shape output_shape(const Tensor& x, const Window& w, int64_t channels, int64_t outputs, const Tensor& bias) {
  if (x.shape().rank() != 4 || x.dim(3) != channels || (bias && bias.shape() != Shape{outputs}))
    fail("convolution: input ", x.shape(), " does not fit filters of ", channels, " -> ", outputs,
         " channels", bias ? " or their bias" : "");
  std::array<int64_t, 2> size{};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t room = x.dim(static_cast<int>(i) + 1) + 2 * w.padding[i] - (w.size[i] - 1) * w.dilation[i];
    if (room < 1) fail("convolution: input ", x.shape(), " is smaller than the window");
    size[i] = (room - 1) / w.stride[i] + 1;
  }
  return {x.dim(0), size[0], size[1], outputs};
}

// The values and the gradients, each by its fastest way.
Tensor values(const Tensor& x, const Tensor& weight, const Tensor& bias, const Convolution& how,
              const Tail& tail) {
  if (winograd_suits(x.shape(), weight.shape(), how)) return winograd(x, weight, bias, how, tail);
  return convolution(x, pack_convolution(weight, how), bias, tail);
}

Tensor input_gradient(const Tensor& dy, const Tensor& weight, const Shape& x, const Convolution& how) {
  if (winograd_suits(x, weight.shape(), how)) return winograd_input_gradient(dy, weight, x, how);
  return direct_input_gradient(dy, weight, x, how);
}

Tensor weight_gradient(const Tensor& x, const Tensor& dy, const Shape& weight, const Convolution& how) {
  if (winograd_suits(x.shape(), weight, how)) return winograd_weight_gradient(x, dy, weight, how);
  return direct_weight_gradient(x, dy, weight, how);
}

Tensor unrecorded(const Tensor& t) {
  return t ? t.view(t.shape()) : t;
}

}  // namespace

Tensor output_over(const Tail& tail, const Shape& shape) {
  const bool spends = tail.spends_residual && tail.residual && tail.residual.sole_holder();
  return spends ? tail.residual : Tensor(shape);
}

PackedConvolution pack_convolution(const Tensor& weight, const Convolution& how) {
  expect_sense(weight.shape(), how);
  const int64_t outputs = weight.dim(0) / how.groups, channels = weight.dim(1), width = weight.dim(3);
  const int64_t taps = weight.dim(2) * width;
  return PackedConvolution({.data = weight.data(),
                            .groups = how.groups,
                            .outputs = outputs,
                            .channels = channels,
                            .group_stride = outputs * channels * taps,
                            .output_stride = channels * taps,
                            .channel_stride = taps,
                            .tap_stride = {width, 1}},
                           window_of(weight.shape(), how));
}

Tensor convolution(const Tensor& x, const PackedConvolution& weight, const Tensor& bias, const Tail& tail) {
  const Shape shape = output_shape(x, weight.window(), weight.channels(), weight.outputs(), bias);
  if (weight.lanes() != kernels::vector_lanes())
    fail("convolution: the weights were packed for another instruction set");
  if (recorded({x, bias, tail.residual})) fail("convolution: packed weights cannot pass gradients on");
  if (tail.residual && tail.residual.shape() != shape)
    fail("convolution: residual ", tail.residual.shape(), " for output ", shape);
  Tensor y = output_over(tail, shape);
  convolve({.x = x.data(),
            .pictures = x.dim(0),
            .height = x.dim(1),
            .width = x.dim(2),
            .w = &weight,
            .y = y.mutable_data(),
            .out_height = shape[1],
            .out_width = shape[2],
            .y_picture = shape[1] * shape[2] * shape[3],
            .y_row = shape[2] * shape[3],
            .y_pixel = shape[3],
            .bias = bias.data(),
            .residual = tail.residual.data(),
            .activation = tail.activation});
  return y;
}

Tensor convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, const Convolution& how,
                   const Tail& tail) {
  expect_sense(weight.shape(), how);
  output_shape(x, window_of(weight.shape(), how), weight.dim(1) * how.groups, weight.dim(0), bias);
  if (!recorded({x, weight, bias, tail.residual})) return values(x, weight, bias, how, tail);
  Tensor y = values(unrecorded(x), weight, unrecorded(bias), how, {});
  y = record(y, {x, weight, bias}, [x, weight, bias, how](const Tensor& dy) {
    return std::vector<Tensor>{x.grad_node() ? input_gradient(dy, weight, x.shape(), how) : Tensor(),
                               weight.grad_node() ? weight_gradient(x, dy, weight.shape(), how) : Tensor(),
                               bias && bias.grad_node() ? channel_sums(dy) : Tensor()};
  });
  if (tail.residual) y = y + tail.residual;
  return tail.activation == Activation::kNone ? y : activate(tail.activation, y);
}

}  // namespace fovea
