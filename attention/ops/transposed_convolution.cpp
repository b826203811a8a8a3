#include "attention/ops/transposed_convolution.h"

#include <algorithm>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/ops/direct_convolution.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"
#include "attention/ops/winograd.h"

namespace fovea {
namespace {

void expect_sense(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const TransposedConvolution& how) {
  const Convolution& spread = how.spread;
  if (weight.shape().rank() != 4 || weight.count() == 0)
    fail("transposed_convolution: weight ", weight.shape(), " is not [in, out / groups, height, width]");
  for (size_t i = 0; i < 2; ++i) {
    if (spread.stride[i] < 1 || spread.dilation[i] < 1 || spread.padding[i] < 0)
      fail("transposed_convolution: stride ", spread.stride[i], ", padding ", spread.padding[i],
           ", dilation ", spread.dilation[i]);
    if (how.output_padding[i] < 0 || how.output_padding[i] >= std::max(spread.stride[i], spread.dilation[i]))
      fail("transposed_convolution: output padding ", how.output_padding[i],
           " is not below the stride or the dilation");
  }
  const int64_t groups = spread.groups;
  if (groups < 1 || weight.dim(0) % groups != 0)
    fail("transposed_convolution: ", groups, " groups for weight ", weight.shape());
  if (x.shape().rank() != 4 || x.dim(3) != weight.dim(0) ||
      (bias && bias.shape() != Shape{weight.dim(1) * groups}))
    fail("transposed_convolution: input ", x.shape(), " does not fit weight ", weight.shape(),
         bias ? " or its bias" : "");
}

Shape output_shape(const Shape& x, const Shape& weight, const TransposedConvolution& how) {
  int64_t size[2];
  for (int i : {0, 1}) {
    const auto k = static_cast<size_t>(i);
    const Convolution& spread = how.spread;
    size[i] = (x[1 + i] - 1) * spread.stride[k] - 2 * spread.padding[k] +
              spread.dilation[k] * (weight[2 + i] - 1) + 1 + how.output_padding[k];
    if (x[1 + i] < 1 || size[i] < 1) fail("transposed_convolution: input ", x, " leaves no output");
  }
  return {x[0], size[0], size[1], weight[1] * how.spread.groups};
}

Tensor values(const Tensor& x, const Tensor& weight, const Shape& y, const Convolution& spread) {
  if (winograd_suits(y, weight.shape(), spread)) return winograd_input_gradient(x, weight, y, spread);
  return direct_input_gradient(x, weight, y, spread);
}

// Output padding beyond the stride gives the convolution windows that no value of x was spread over.
Tensor input_gradient(const Tensor& dy, const Tensor& weight, const Shape& x, const Convolution& spread) {
  const Tensor all = convolution(dy, weight.view(weight.shape()), {}, spread);
  return slice(slice(all, 1, 0, x[1]), 2, 0, x[2]);
}

Tensor weight_gradient(const Tensor& dy, const Tensor& x, const Shape& weight, const Convolution& spread) {
  if (winograd_suits(dy.shape(), weight, spread)) return winograd_weight_gradient(dy, x, weight, spread);
  return direct_weight_gradient(dy, x, weight, spread);
}

}  // namespace

Tensor transposed_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias,
                              const TransposedConvolution& how) {
  expect_sense(x, weight, bias, how);
  const Convolution& spread = how.spread;
  const Tensor spread_out = values(x, weight, output_shape(x.shape(), weight.shape(), how), spread);
  const Tensor y = record(spread_out, {x, weight}, [x, weight, spread](const Tensor& dy) {
    return std::vector<Tensor>{
        x.grad_node() ? input_gradient(dy, weight, x.shape(), spread) : Tensor(),
        weight.grad_node() ? weight_gradient(dy, x, weight.shape(), spread) : Tensor()};
  });
  return bias ? y + bias : y;
}

}  // namespace fovea
