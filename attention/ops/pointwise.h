#pragma once
#include "attention/kernels/epilogue.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// Element by element. Every op returns a new tensor, never writes its inputs, and is differentiable.

Tensor operator+(const Tensor& a, const Tensor& b);  // b may lack a's leading sizes
Tensor operator-(const Tensor& a, const Tensor& b);  // of one shape
Tensor mul(const Tensor& a, const Tensor& b);        // b may lack a's leading sizes
Tensor scale(const Tensor& x, float factor);
Tensor square_root(const Tensor& x);
Tensor reciprocal(const Tensor& x);

Tensor activate(Activation activation, const Tensor& x);
Tensor relu(const Tensor& x);
Tensor relu6(const Tensor& x);
Tensor leaky_relu(const Tensor& x, float slope = 0.01f);
Tensor gelu(const Tensor& x);        // x Phi(x), by erf
Tensor gelu_tanh(const Tensor& x);   // its tanh approximation
Tensor quick_gelu(const Tensor& x);  // x sigmoid(1.702 x)
Tensor silu(const Tensor& x);
Tensor mish(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor erf(const Tensor& x);
Tensor elu(const Tensor& x, float alpha = 1);
Tensor celu(const Tensor& x, float alpha = 1);
Tensor selu(const Tensor& x);
Tensor softplus(const Tensor& x);  // log(1 + e^x)
Tensor hardsigmoid(const Tensor& x);
Tensor hardswish(const Tensor& x);

}  // namespace fovea
