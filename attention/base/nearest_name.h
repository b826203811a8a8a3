#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// The name that `typed` was most likely meant to be; empty if none is near.
std::string nearest_name(std::string_view typed, const std::vector<std::string>& names);

}  // namespace fovea
