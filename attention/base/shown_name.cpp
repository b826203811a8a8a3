#include "attention/base/shown_name.h"

#include <algorithm>

namespace fovea {
namespace {

// How many bytes a control character has that the text begins with; 0: none, or another character. Terminals
// obey those of U+0080 to U+009F too; U+2028 and U+2029 end a line, U+202A to U+202E and U+2066 to U+2069
// turn what follows.
size_t control_bytes(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
  const bool turns = (byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) ||
                     (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
  return byte(0) == 0xE2 && turns ? 3 : 0;
}

}  // namespace

std::string on_one_line(std::string_view text) {
  std::string line;
  for (; !text.empty(); text.remove_prefix(std::max<size_t>(control_bytes(text), 1)))
    line += control_bytes(text) > 0 ? '?' : text[0];
  return line;
}

std::string shown_name(std::string_view name, size_t most) {
  size_t length = name.size();
  if (length > most) {
    length = most;
    while (length > 0 && (static_cast<unsigned char>(name[length]) & 0xC0) == 0x80)
      --length;  // whole characters
  }
  return "'" + on_one_line(name.substr(0, length)) + (length < name.size() ? "...'" : "'");
}

}  // namespace fovea
