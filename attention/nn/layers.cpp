#include "attention/nn/layers.h"

namespace fovea {

Linear::Linear(int64_t in, int64_t out, const Weights& w, bool bias)
    : weight_(w.get("weight", {out, in}, Init::kXavier)) {
  if (bias) bias_ = w.get("bias", {out}, Init::kZeros);
  pack(w);
}

Linear::Linear(int64_t in, const Weights& w, Init weight, const Tensor& bias)
    : weight_(w.get("weight", {bias.dim(0), in}, weight)), bias_(w.get("bias", bias)) {
  pack(w);
}

void Linear::pack(const Weights& w) {
  if (!w.packs()) return;
  packed_ = pack_linear(weight_);
  weight_ = {};
}

LayerNorm::LayerNorm(int64_t dim, const Weights& w, float eps)
    : weight_(w.get("weight", {dim}, Init::kOnes)), bias_(w.get("bias", {dim}, Init::kZeros)), eps_(eps) {}

}  // namespace fovea
