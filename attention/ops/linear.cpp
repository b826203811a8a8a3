#include "attention/ops/linear.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/ops/channel_sums.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/product.h"

namespace fovea {
namespace {

using kernels::MatrixView;
using kernels::PackedMatrix;

// dW [out, in] = dY^T X
Tensor weight_gradient(const Tensor& dy, const Tensor& x, int64_t rows, int64_t in, int64_t out) {
  Tensor dw(Shape{out, in});
  const PackedMatrix packed(MatrixView{x.data(), in, rows, 1, in});
  product({.x = dy.data(),
           .x_stride = out,
           .w = &packed,
           .y = dw.mutable_data(),
           .y_stride = in,
           .x_turned = true},
          out);
  return dw;
}

Tensor input_gradient(const Tensor& dy, const Tensor& weight, const Shape& shape, int64_t rows) {
  const int64_t out = weight.dim(0), in = weight.dim(1);
  Tensor dx(shape);
  const PackedMatrix packed(MatrixView{weight.data(), in, out, 1, in});
  product({dy.data(), out, &packed, dx.mutable_data(), in}, rows);
  return dx;
}

}  // namespace

PackedMatrix pack_linear(const Tensor& weight) {
  return PackedMatrix(MatrixView{weight.data(), weight.dim(0), weight.dim(1), weight.dim(1), 1});
}

Tensor linear(const Tensor& x, const PackedMatrix& weight, const Tensor& bias, const Then& then) {
  if (x.dim(-1) != weight.depth() || (bias && bias.count() != weight.columns()))
    fail("linear: input ", x.shape(), " does not fit weight ", Shape{weight.columns(), weight.depth()});
  if (weight.lanes() != kernels::vector_lanes())
    fail("linear: the weights were packed for another instruction set");
  if (recorded({x, bias, then.residual})) fail("linear: packed weights cannot pass gradients on");
  Tensor y(x.shape().with_last(weight.columns()));
  if (then.residual && then.residual.shape() != y.shape())
    fail("linear: residual ", then.residual.shape(), " for output ", y.shape());
  const kernels::Epilogue epilogue{.bias = bias.data(),
                                   .activation = then.activation,
                                   .residual = then.residual.data(),
                                   .residual_stride = weight.columns()};
  const int64_t rows = x.shape().with_last(1).count();
  product({x.data(), weight.depth(), &weight, y.mutable_data(), weight.columns(), epilogue}, rows);
  return y;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Then& then) {
  const int64_t out = weight.dim(0), in = weight.dim(1);
  if (weight.shape().rank() != 2 || x.dim(-1) != in || (bias && bias.shape() != Shape{out}))
    fail("linear: input ", x.shape(), " does not fit weight ", weight.shape());
  if (!recorded({x, weight, bias, then.residual})) return linear(x, pack_linear(weight), bias, then);
  const int64_t rows = x.shape().with_last(1).count();
  Tensor y = linear(x.view(x.shape()), pack_linear(weight), bias ? bias.view(bias.shape()) : bias);
  y = record(y, {x, weight, bias}, [x, weight, bias, rows, in, out](const Tensor& dy) {
    return std::vector<Tensor>{x.grad_node() ? input_gradient(dy, weight, x.shape(), rows) : Tensor(),
                               weight.grad_node() ? weight_gradient(dy, x, rows, in, out) : Tensor(),
                               bias && bias.grad_node() ? channel_sums(dy) : Tensor()};
  });
  if (then.activation != Activation::kNone) y = activate(then.activation, y);
  return then.residual ? y + then.residual : y;
}

}  // namespace fovea
