#pragma once
#include "attention/nn/pass.h"

namespace fovea {

// attention(), which drops that share of its weights if the pass trains; only then do they exist in memory.
Tensor attention_dropout(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArgs& args,
                         float share, const Pass& pass);

}  // namespace fovea
