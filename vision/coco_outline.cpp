#include "vision/coco_outline.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace fovea {

constexpr double kFar = std::numeric_limits<double>::infinity();

char CocoOutlines::next() {
  char c = 0;
  return in_ >> std::ws && in_.get(c) ? c : '\0';
}

std::optional<double> CocoOutlines::number(char first) {
  constexpr size_t kLongest = 64;
  std::string text(1, first);
  for (int c = in_.peek(); text.size() <= kLongest && c != ',' && c != ']' && c > ' '; c = in_.peek())
    text += static_cast<char>(in_.get());
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !(value > -kFar && value < kFar)) return {};
  return value;
}

// Behind its '['. Nothing in it is no polygon, but does no harm.
bool CocoOutlines::polygon(Box& box) {
  char c = next();
  if (c == ']') return true;
  for (;; c = next()) {
    const std::optional<double> x = number(c);
    if (!x || next() != ',') return false;
    const std::optional<double> y = number(next());
    if (!y) return false;
    box = {std::min(box.x0, *x), std::min(box.y0, *y), std::max(box.x1, *x), std::max(box.y1, *y)};
    c = next();
    if (c != ',') return c == ']';
  }
}

std::optional<Box> CocoOutlines::box_around(int64_t begin) {
  in_.clear();
  in_.seekg(begin);
  if (next() != '[') return {};
  Box box = {kFar, kFar, -kFar, -kFar};
  char c = 0;
  do {
    if (next() != '[' || !polygon(box)) return {};
    c = next();
  } while (c == ',');
  if (c != ']' || box.x1 < box.x0) return {};
  return box;
}

}  // namespace fovea
