#pragma once
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

struct TopK {
  Tensor values;                 // [..., k], the largest first
  std::vector<int64_t> indices;  // of each value, along the last axis
};

// The k largest along the last axis. NaN is above all, and of equals the first comes first. Differentiable in
// the values.
TopK top_k(const Tensor& x, int64_t k);

}  // namespace fovea
