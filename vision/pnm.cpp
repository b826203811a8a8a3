#include <algorithm>
#include <cmath>
#include <utility>

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

// kind 1, 2, 3: bits, gray, RGB in text; 4, 5, 6: the same in bytes.
struct Pnm {
  int kind;
  int64_t width = 0, height = 0, most = 0, samples_at = 0;
  bool text() const { return kind <= 3; }
  bool bits() const { return kind % 3 == 1; }
  int64_t row() const { return width * (kind % 3 == 0 ? 3 : 1); }
};

Pnm read_pnm(const ImageFile& file) {
  Pnm pnm{.kind = file.bytes()[1] - '0'};
  int64_t at = 2;
  pnm.width = read_decimal(file, at);
  pnm.height = read_decimal(file, at);
  file.check_size(pnm.width, pnm.height);
  pnm.most = pnm.bits() ? 1 : read_decimal(file, at);
  if (pnm.most < 1 || pnm.most > 65535)
    file.broken("its PNM header asks for values up to " + std::to_string(pnm.most));
  pnm.samples_at = pnm.text() ? at : at + 1;
  return pnm;
}

int64_t next_sample(const ImageFile& file, const Pnm& pnm, int64_t& at) {
  if (pnm.text()) return read_decimal(file, at);
  const int bytes = pnm.most > 255 ? 2 : 1;
  return file.number(std::exchange(at, at + bytes), bytes, ByteOrder::kBig);
}

}  // namespace

ImageHeader read_pnm_header(const ImageFile& file) {
  const Pnm pnm = read_pnm(file);
  int64_t at = pnm.samples_at;
  if (!pnm.text()) {
    const int64_t row = pnm.bits() ? (pnm.row() + 7) / 8 : pnm.row() * (pnm.most > 255 ? 2 : 1);
    file.need(at + pnm.height * row);
  } else {
    for (int64_t i = 0; i < pnm.row() * pnm.height; ++i) {
      if (pnm.bits())
        skip_blank(file, at), ++at;  // digits of a bitmap need no space between them
      else
        read_decimal(file, at);
    }
  }
  return {.format = "PNM", .width = pnm.width, .height = pnm.height, .white = pnm.bits() ? 255 : pnm.most};
}

void read_scaled_pnm(const ImageFile& file, cv::Mat& rgb) {
  const Pnm pnm = read_pnm(file);
  std::vector<uint8_t> scaled;
  for (int64_t value = 0; value <= pnm.most; ++value)
    scaled.push_back(static_cast<uint8_t>(
        std::nearbyint(static_cast<double>(value) / static_cast<double>(pnm.most) * 255)));
  const int repeated = pnm.kind % 3 == 0 ? 1 : 3;
  int64_t at = pnm.samples_at;
  uint8_t* out = rgb.data;
  for (int64_t i = 0; i < pnm.row() * pnm.height; ++i) {
    const int64_t value = std::min(next_sample(file, pnm, at), pnm.most);
    out = std::fill_n(out, repeated, scaled[static_cast<size_t>(value)]);
  }
}

}  // namespace fovea
