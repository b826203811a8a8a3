#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// Equations 8 and 9 on R - I, [N, N]: each row over its sum, a row of zeros as it is; and I.
Tensor normalised_excess(const Tensor& excess);

}  // namespace fovea
