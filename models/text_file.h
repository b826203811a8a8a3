#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace fovea {

// None if there is no such file; fails if it cannot be read or is huge.
std::optional<std::string> read_text(const std::filesystem::path& file);

}  // namespace fovea
