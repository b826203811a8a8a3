#pragma once
#include <string>
#include <string_view>

namespace fovea {

// A name from a file, fit for a one-line message: in quotes, control characters as '?', cut at 200 bytes.
std::string shown_name(std::string_view name);

}  // namespace fovea
