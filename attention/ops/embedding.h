#pragma once
#include <optional>
#include <span>

#include "attention/tensor/tensor.h"

namespace fovea {

// The rows of a table by their indices, [n, D] -> [indices, D]. The row `padding` gets no gradient.
Tensor embedding(const Tensor& table, std::span<const int64_t> indices, std::optional<int64_t> padding = {});

}  // namespace fovea
