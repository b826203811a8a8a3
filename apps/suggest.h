#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// The name that `typed` was most likely meant to be; empty if none is near.
std::string nearest_name(std::string_view typed, const std::vector<std::string>& names);

// "; did you mean '--top-k'?", or, if no name is near, "; " and the hint.
std::string suggestion(std::string_view typed, const std::vector<std::string>& names, std::string_view hint);

}  // namespace fovea
