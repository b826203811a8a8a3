#pragma once
#include "attention/nn/pass.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {

// What turns a score into a gate between 0 and 1.
enum class Gate { kSigmoid, kHardSigmoid };

inline Tensor gated(Gate gate, const Tensor& scores) {
  return gate == Gate::kSigmoid ? sigmoid(scores) : hardsigmoid(scores);
}

// Hands out the gates of channels, [B, C].
inline void tap_channels(const Pass& pass, const std::string& name, const Tensor& gates) {
  if (!pass.taps) return;
  const Tensor map = reshape(gates, {gates.dim(0), 1, 1, gates.dim(1)});
  tapped(pass, {.name = name, .of = AttentionMap::Of::kChannels, .value = map}, gates);
}

}  // namespace fovea
