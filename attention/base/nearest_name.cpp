#include "attention/base/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace fovea {
namespace {

// Levenshtein's distance, one row at a time.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view typed, const std::vector<std::string>& names) {
  size_t best = std::max<size_t>(2, typed.size() / 3) + 1;
  std::string nearest;
  for (const std::string& name : names) {
    const size_t d = distance(typed, name);
    if (d >= best || d >= name.size()) continue;
    best = d;
    nearest = name;
  }
  return nearest;
}

}  // namespace fovea
