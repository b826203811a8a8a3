#pragma once
#include "attention/kernels/convolution_plan.h"

namespace fovea::kernels {

// One block of a convolution whose channels are its groups. The input's pixels hold whole vectors.
void depthwise_block(const ConvolutionArgs& args, const ConvolutionBlock& block, const BlockInput& input);

}  // namespace fovea::kernels
