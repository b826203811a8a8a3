#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// [..., C] -> [C], summed in double precision: a bias's gradient. Not recorded.
Tensor channel_sums(const Tensor& x);

}  // namespace fovea
