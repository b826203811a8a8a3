#pragma once
#include <span>

#include "attention/tensor/tensor.h"

namespace fovea {

// Mean over B of -log softmax(logits)[label]. logits [B, classes], B labels -> [1].
Tensor cross_entropy(const Tensor& logits, std::span<const int> labels);

}  // namespace fovea
