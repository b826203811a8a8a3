#include "attention/checkpoint/shown_name.h"

namespace fovea {

std::string shown_name(std::string_view name) {
  constexpr size_t kLongest = 200;
  size_t length = name.size();
  if (length > kLongest) {
    length = kLongest;
    while (length > 0 && (static_cast<unsigned char>(name[length]) & 0xC0) == 0x80)
      --length;  // whole characters
  }
  std::string text = "'";
  for (char c : name.substr(0, length)) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return text + (length < name.size() ? "...'" : "'");
}

}  // namespace fovea
