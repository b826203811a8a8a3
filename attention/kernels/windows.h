#pragma once
#include <cstdint>

namespace fovea::kernels {

// A window is a list of places, each with n channels at x + place * n.

// y = the largest of each channel; the first of equals, and NaN above all. Unless null, taps[c] = its number
// in the list; as floats, which hold it up to 2^24. No place: -inf, and tap -1.
void window_max(const float* x, const int64_t* places, int64_t count, int64_t n, float* y, float* taps);
void window_sum(const float* x, const int64_t* places, int64_t count, int64_t n, float factor, float* y);
void add_scaled(const float* x, float factor, int64_t n, float* y);  // y += factor x

// Rows of n values.
void scale_rows(const float* x, const float* factors, int64_t rows, int64_t n, float* y);
void row_dots(const float* a, const float* b, int64_t rows, int64_t n, float* y);
void row_means(const float* x, int64_t rows, int64_t n, float* y);
void row_maxima(const float* x, int64_t rows, int64_t n, float* y);  // NaN above all

}  // namespace fovea::kernels
