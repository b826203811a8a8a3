#pragma once
#include "attention/kernels/gemm.h"

namespace fovea {

// All rows and columns of a product, on the caller's threads. The split follows from the shape alone.
void product(const kernels::GemmArgs& args, int64_t rows);

// [rows, columns] -> [columns, rows].
void transpose(const float* x, int64_t rows, int64_t columns, float* y);

}  // namespace fovea
