#pragma once
#include "attention/ops/convolution.h"

namespace fovea {

// A 1x1 convolution of a chain, packed for inference.
struct ChainedConvolution {
  const kernels::PackedConvolution& weight;
  Tensor bias;
  Activation activation = Activation::kNone;
};

// Whether two convolutions gain by running together: 1x1 with stride 1, both with weights that stay in the
// cache. The rule looks at the weights alone.
bool chain_suits(const kernels::PackedConvolution& first, const kernels::PackedConvolution& second);

struct ChainOutput {
  Tensor first, second;
};
// first = activation(conv(x) + bias + residual), and second = activation(conv(first) + bias), by pieces of
// pixels whose first output is still in the cache when the second reads it: the maps early in a network are
// limited by memory. The bits are those of one after the other. `residual` may be none; the first output lies
// in its memory if nobody else holds it. Not differentiable.
ChainOutput convolution_chain(const Tensor& x, Tensor residual, const ChainedConvolution& first,
                              const ChainedConvolution& second);

}  // namespace fovea
