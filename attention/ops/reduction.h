#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// What becomes of the single values of a loss: all of them, or one, [1]. kBatchMean is the sum over the first
// size.
enum class Reduction { kNone, kMean, kSum, kBatchMean };

Tensor reduce(const Tensor& losses, Reduction reduction);

}  // namespace fovea
