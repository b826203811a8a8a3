#pragma once
#include <cstdint>

namespace fovea {

enum class Activation { kNone, kRelu, kGelu, kGeluTanh, kQuickGelu, kSilu, kSigmoid, kTanh };

namespace kernels {

// What a product does with each element after the sum: activation(sum + bias) + residual.
struct Epilogue {
  const float* bias = nullptr;  // [columns]
  Activation activation = Activation::kNone;
  const float* residual = nullptr;  // one row for each row of the product; not the output
  int64_t residual_stride = 0;
};

}  // namespace kernels
}  // namespace fovea
