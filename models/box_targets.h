#pragma once
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

// What one picture shows.
struct BoxTargets {
  std::vector<int> labels;
  Tensor boxes;  // [labels, 4]: {centre x, centre y, width, height}, 0 to 1; none if there are no labels
};

}  // namespace fovea
