#pragma once
#include "attention/kernels/gemm.h"

namespace fovea {

// All rows and columns of a product, on the caller's threads. The split follows from the shape alone.
void product(const kernels::GemmArgs& args, int64_t rows);

}  // namespace fovea
