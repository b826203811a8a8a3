#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "attention/base/nearest_name.h"

namespace fovea {

// "; did you mean '--top-k'?", or, if no name is near, "; " and the hint.
std::string suggestion(std::string_view typed, const std::vector<std::string>& names, std::string_view hint);

}  // namespace fovea
