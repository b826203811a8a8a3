#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// Every product of a value of a row of a and one of b's row: [..., I], [..., J] -> [..., I * J].
Tensor outer_product(const Tensor& a, const Tensor& b);

// a^T W b + bias for each of the outputs: weight [out, I, J], bias [out] or none -> [..., out].
Tensor bilinear(const Tensor& a, const Tensor& b, const Tensor& weight, const Tensor& bias);

}  // namespace fovea
