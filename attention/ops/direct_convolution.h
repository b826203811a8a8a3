#pragma once
#include "attention/kernels/convolution.h"
#include "attention/ops/convolution.h"

namespace fovea {

// All of a convolution, on the caller's threads. The split follows from the shapes alone.
void convolve(const kernels::ConvolutionArgs& args);

// Gradients of convolution(): any window, stride and groups. x is the shape of the input.
Tensor direct_input_gradient(const Tensor& dy, const Tensor& weight, const Shape& x, const Convolution& how);
Tensor direct_weight_gradient(const Tensor& x, const Tensor& dy, const Shape& weight, const Convolution& how);

}  // namespace fovea
