#pragma once
#include <charconv>
#include <string_view>

namespace fovea {

// Reads "224x320" or "0.7,1.4"; false if the text is anything but two numbers with `separator` between.
template <class First, class Second>
bool read_pair(std::string_view text, char separator, First& first, Second& second) {
  const char* const end = text.data() + text.size();
  const auto one = std::from_chars(text.data(), end, first);
  if (one.ec != std::errc() || one.ptr == end || *one.ptr != separator) return false;
  const auto two = std::from_chars(one.ptr + 1, end, second);
  return two.ec == std::errc() && two.ptr == end;
}

}  // namespace fovea
