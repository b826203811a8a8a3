#pragma once
#include "attention/nn/pass.h"

namespace fovea {

// Both return x itself unless the pass trains; else one draw of the pass's Rng keys all of the op's own, so
// that the bits depend on no thread. What stays is divided by the share that stays.
Tensor dropout(const Tensor& x, float probability, const Pass& pass);  // Srivastava et al. 2014, each value
// Stochastic depth, Huang et al. 2016, https://arxiv.org/abs/1603.09382: each picture of [B, ...] whole.
Tensor drop_path(const Tensor& x, float probability, const Pass& pass);
// Its probability at one of many layers: from 0 at the first evenly up to `last`.
float drop_path_at(int64_t layer, int64_t layers, float last);

}  // namespace fovea
