#pragma once
#include <functional>
#include <map>
#include <string>

#include "attention/tensor/tensor.h"

namespace fovea {

// A parameter that can be read when a layer asks for it, so that a checkpoint is never in memory twice.
struct StoredParameter {
  Shape shape;                   // in our layout
  std::function<Tensor()> read;  // float32, a copy of its own
  std::string origin;            // its name in the checkpoint, for messages
};
using ParameterMap = std::map<std::string, StoredParameter>;  // by our name

}  // namespace fovea
