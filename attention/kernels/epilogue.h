#pragma once
#include <cstdint>

namespace fovea {

enum class Activation { kNone, kRelu, kGelu, kGeluTanh, kQuickGelu, kSilu, kSigmoid, kTanh };

namespace kernels {

// What a product does with each element after the sum: activation(sum + bias) + residual.
struct Epilogue {
  const float* bias = nullptr;  // [columns]
  Activation activation = Activation::kNone;
  const float* residual = nullptr;  // one row for each row; may be the output, but for gemm()
  int64_t residual_stride = 0;
};

}  // namespace kernels
}  // namespace fovea
