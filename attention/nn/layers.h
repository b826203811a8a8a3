#pragma once
#include "attention/nn/weights.h"
#include "attention/ops/linear.h"
#include "attention/ops/norm.h"

namespace fovea {

// y = x W^T + b, then what `then` says. Built for inference it keeps its weights packed and nothing else.
// Checkpoint names: weight [out, in], bias [out].
class Linear {
 public:
  Linear(int64_t in, int64_t out, const Weights& w, bool bias = true);
  // One that begins otherwise than with Xavier's weight and a bias of zeros.
  Linear(int64_t in, const Weights& w, Init weight, const Tensor& bias);
  Tensor operator()(const Tensor& x, const Then& then = {}) const {  // [..., in] -> [..., out]
    return packed_ ? linear(x, packed_, bias_, then) : linear(x, weight_, bias_, then);
  }

 private:
  void pack(const Weights& w);
  Tensor weight_, bias_;
  kernels::PackedMatrix packed_;
};

// Checkpoint names: weight, bias [dim].
class LayerNorm {
 public:
  LayerNorm(int64_t dim, const Weights& w, float eps);
  Tensor operator()(const Tensor& x) const { return layer_norm(x, weight_, bias_, eps_); }

 private:
  Tensor weight_, bias_;
  float eps_;
};

}  // namespace fovea
