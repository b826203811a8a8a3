#include "vision/image_file.h"

namespace fovea {
namespace {

bool is_space(int64_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Moves `at` to the next byte that is neither white space nor comment.
void skip_blank(const ImageFile& file, int64_t& at) {
  for (;; ++at) {
    if (file.number(at, 1, ByteOrder::kBig) == '#')
      while (file.number(at, 1, ByteOrder::kBig) != '\n') ++at;
    if (!is_space(file.number(at, 1, ByteOrder::kBig))) return;
  }
}

int64_t read_decimal(const ImageFile& file, int64_t& at) {
  skip_blank(file, at);
  int64_t value = 0;
  const int64_t start = at;
  for (; at < file.size(); ++at) {
    const int64_t c = file.bytes()[static_cast<size_t>(at)];
    if (c < '0' || c > '9') break;
    value = value * 10 + c - '0';
    if (value > UINT32_MAX) file.broken("a number of its PNM header is too large");
  }
  if (at == start) file.broken("its PNM header is damaged");
  return value;
}

}  // namespace

ImageHeader read_pnm_header(const ImageFile& file) {
  ImageHeader header{.format = "PNM"};
  const int kind = file.bytes()[1] - '0';  // 1, 2, 3: bits, gray, RGB in text; 4, 5, 6: the same in bytes
  int64_t at = 2;
  header.width = read_decimal(file, at);
  header.height = read_decimal(file, at);
  file.check_size(header.width, header.height);
  const bool bits = kind == 1 || kind == 4;
  const int64_t most = bits ? 1 : read_decimal(file, at);
  if (most < 1 || most > 65535) file.broken("its PNM header asks for values up to " + std::to_string(most));
  const int64_t row = header.width * (kind % 3 == 0 ? 3 : 1);
  if (kind <= 3) {
    for (int64_t i = 0; i < row * header.height; ++i) {
      if (kind == 1)
        skip_blank(file, at), ++at;  // digits of a bitmap need no space between them
      else
        read_decimal(file, at);
    }
  } else {
    file.need(at + 1 + header.height * (bits ? (row + 7) / 8 : row * (most > 255 ? 2 : 1)));
  }
  return header;
}

}  // namespace fovea
