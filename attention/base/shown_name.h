#pragma once
#include <string>
#include <string_view>

namespace fovea {

// Text from a file, fit for a line on a terminal: control characters as '?'.
std::string on_one_line(std::string_view text);

// A name from a file, fit for a one-line message: the same in quotes, cut at `most` bytes.
std::string shown_name(std::string_view name, size_t most = 200);

}  // namespace fovea
