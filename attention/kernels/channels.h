#pragma once
#include <cstdint>

#include "attention/kernels/epilogue.h"

namespace fovea::kernels {

// Rows of n channels. Sums run in float over 16 rows at most, then in double; they are added to what is
// there.

// The sums of each channel and of its squares. Exact enough to subtract: a channel with a mean far above its
// spread loses nothing.
void channel_sums(const float* x, int64_t rows, int64_t n, double* sums, double* squares);

// What a norm does to each channel: activation((x - mean) * scale + bias).
struct ChannelNorm {
  const float *mean, *scale, *bias;  // [n]
  Activation activation = Activation::kNone;
};
void normalise(const ChannelNorm& norm, const float* x, int64_t rows, int64_t n, float* y);

// With g = dy * activation'(...): the sums of g, and of g (x - mean).
void normalise_sums(const ChannelNorm& norm, const float* x, const float* dy, int64_t rows, int64_t n,
                    double* sums, double* dots);
// dx = g * scale + (x - mean) * slope + offset.
void normalise_gradient(const ChannelNorm& norm, const float* slope, const float* offset, const float* x,
                        const float* dy, int64_t rows, int64_t n, float* dx);

// dx = dy * activation'(x).
void activate_gradient(Activation activation, const float* x, const float* dy, float* dx, int64_t n);

}  // namespace fovea::kernels
