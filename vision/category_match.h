#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

// For each of a model's classes the data set's category that it means, as an index; -1 if none. By name, the
// same letters before the same but for case. A head with COCO's 91 places numbers its classes by category id,
// and is taken so if most names of the categories agree with that. Fails if no class means any category.
std::vector<int64_t> match_categories(std::span<const std::string> labels,
                                      std::span<const Category> categories);

// Indices of the categories that no class means.
std::vector<int64_t> unmatched(std::span<const int64_t> matches, std::span<const Category> categories);

}  // namespace fovea
