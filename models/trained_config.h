#pragma once
#include <string>

#include "attention/checkpoint/dtype.h"

namespace fovea {

// The text of the config.json beside a model that was trained, from that of the model it began as. It is
// named by its folder, not as what it came from; and transformers reads what its weights are stored as, F32,
// F16 or BF16, from torch_dtype (since version 4.56, dtype).
std::string trained_config(const std::string& config, Dtype dtype);

}  // namespace fovea
