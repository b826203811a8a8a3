#pragma once
#include <cstdint>

namespace fovea::kernels {

// y = (x - mean) / sqrt(var + eps) * weight + bias over each row of n values; weight and bias may be null.
void layer_norm(const float* x, int64_t rows, int64_t n, const float* weight, const float* bias, float eps,
                float* y);

// Mean, and 1 / sqrt(var + eps), of each row, as layer_norm uses them; for its backward.
void layer_norm_statistics(const float* x, int64_t rows, int64_t n, float eps, float* mean,
                           float* inverse_std);

// y = e^x / the row's sum of e^x, of rows of n values.
void softmax(const float* x, int64_t rows, int64_t n, float* y);

}  // namespace fovea::kernels
