#include "apps/suggest.h"

namespace fovea {

std::string suggestion(std::string_view typed, const std::vector<std::string>& names, std::string_view hint) {
  const std::string nearest = nearest_name(typed, names);
  if (nearest.empty()) return "; " + std::string(hint);
  return "; did you mean '" + nearest + "'?";
}

}  // namespace fovea
