#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// The frequencies of maps: [B, H, W / 2 + 1, C] each. The columns beyond are the conjugates of these.
struct Spectrum {
  Tensor real, imaginary;
};

// The discrete Fourier transform of maps [B, H, W, C] over H and W, divided by sqrt(H W), and its inverse.
// Both by products with the transform's matrices, for maps of up to some hundred pixels a side.
// Differentiable.
Spectrum fourier(const Tensor& x);
Tensor inverse_fourier(const Spectrum& spectrum, int64_t width);

}  // namespace fovea
