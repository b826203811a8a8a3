#pragma once
#include <algorithm>
#include <string>
#include <vector>

namespace fovea {

// Whether a parameter's name lies under one of the prefixes, in whole words: "layers.3" has
// "layers.3.norm1.weight" and itself, not "layers.30.norm1.weight".
inline bool lies_under(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
    return name.starts_with(prefix) && (name.size() == prefix.size() || name[prefix.size()] == '.');
  });
}

}  // namespace fovea
