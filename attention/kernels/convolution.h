#pragma once
#include "attention/kernels/convolution_plan.h"

namespace fovea::kernels {

// Shares [share_begin, share_end) of a part, whose input the plan gave. One thread; no allocation.
void convolution(const ConvolutionPlan& plan, int64_t part, int64_t share_begin, int64_t share_end,
                 const BlockInput& input);

}  // namespace fovea::kernels
