#pragma once
#include <string_view>

#include "attention/tensor/tensor.h"

namespace fovea {

// Einstein's sum of two tensors, "bij,bkj->bik": a letter names an axis, and those that the result lacks are
// summed over; both operands have them. Spaces do not count. Differentiable.
Tensor einsum(std::string_view formula, const Tensor& a, const Tensor& b);

}  // namespace fovea
