#include "vision/video_file.h"

#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>

namespace fovea {
namespace {

// Reads past the end give zeros.
class Bytes {
 public:
  explicit Bytes(const std::filesystem::path& path) : file_(path, std::ios::binary | std::ios::ate) {
    if (file_) size_ = static_cast<int64_t>(file_.tellg());
  }
  int64_t size() const { return size_; }

  std::array<uint8_t, 16> at(int64_t place) {
    std::array<uint8_t, 16> bytes{};
    file_.clear();
    file_.seekg(place);
    file_.read(reinterpret_cast<char*>(bytes.data()), std::ssize(bytes));
    return bytes;
  }
  bool has(int64_t place, std::string_view text) {
    const std::array<uint8_t, 16> bytes = at(place);
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), text.size()) == text;
  }
  uint64_t big(int64_t place, int count) {
    uint64_t value = 0;
    const std::array<uint8_t, 16> bytes = at(place);
    for (int i = 0; i < count; ++i) value = value << 8 | bytes[static_cast<size_t>(i)];
    return value;
  }
  uint64_t little(int64_t place, int count) {
    uint64_t value = 0;
    const std::array<uint8_t, 16> bytes = at(place);
    for (int i = count; i-- > 0;) value = value << 8 | bytes[static_cast<size_t>(i)];
    return value;
  }
  // Whether `length` more bytes are there.
  bool holds(int64_t place, uint64_t length) const {
    return place <= size_ && length <= static_cast<uint64_t>(size_ - place);
  }

 private:
  std::ifstream file_;
  int64_t size_ = 0;
};

// ISO/IEC 14496-12, 4.2: boxes of a size and a type.
bool complete_mp4(Bytes& file) {
  bool index = false;
  for (int64_t at = 0; at < file.size();) {
    uint64_t length = file.big(at, 4);
    if (length == 1) length = file.big(at + 8, 8);
    index |= file.has(at + 4, "moov");
    if (length == 0) return index;  // to the end of the file, whatever that is
    if (length < 8 || !file.holds(at, length)) return false;
    at += static_cast<int64_t>(length);
  }
  return index;
}

bool complete_avi(Bytes& file) {
  for (int64_t at = 0; at < file.size() && file.has(at, "RIFF");) {
    const uint64_t length = file.little(at + 4, 4);
    if (length == 0) return false;  // written last
    if (!file.holds(at + 8, length)) return false;
    at += 8 + static_cast<int64_t>(length + length % 2);
  }
  return true;
}

// RFC 8794: an id and a size of one to eight bytes each; a size of ones alone is unknown.
bool complete_matroska(Bytes& file) {
  for (int64_t at = 0; at < file.size();) {
    int id = 1, width = 1;
    while (id <= 4 && !(file.big(at, 1) >> (8 - id) & 1)) ++id;
    while (width <= 8 && !(file.big(at + id, 1) >> (8 - width) & 1)) ++width;
    if (id > 4 || width > 8) return false;
    const uint64_t unknown = (uint64_t{1} << (7 * width)) - 1;
    const uint64_t length = file.big(at + id, width) & unknown;
    if (length == unknown) return true;
    if (!file.holds(at + id + width, length)) return false;
    at += id + width + static_cast<int64_t>(length);
  }
  return true;
}

// GIF89a: blocks until the trailer; each ends in sub-blocks, the last one empty.
bool complete_gif(Bytes& file) {
  const auto table = [&](int64_t flags) -> int64_t {
    const uint64_t bits = file.big(flags, 1);
    return bits & 0x80 ? 3 << ((bits & 7) + 1) : 0;
  };
  for (int64_t at = 13 + table(10); at < file.size();) {
    const uint64_t kind = file.big(at, 1);
    if (kind == 0x3B) return true;
    if (kind != 0x21 && kind != 0x2C) return false;
    at += kind == 0x21 ? 2 : 11 + table(at + 9);
    while (const uint64_t length = file.big(at, 1)) at += 1 + static_cast<int64_t>(length);
    ++at;
  }
  return false;
}

bool is_mp4(Bytes& file) {
  for (const char* type : {"ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"})
    if (file.has(4, type)) return true;
  return false;
}

}  // namespace

VideoFile look_at_video(const std::filesystem::path& path) {
  Bytes file(path);
  if (is_mp4(file)) return {VideoContainer::kMp4, complete_mp4(file)};
  if (file.has(0, "RIFF") && file.has(8, "AVI ")) return {VideoContainer::kAvi, complete_avi(file)};
  if (file.has(0, "\x1A\x45\xDF\xA3")) return {VideoContainer::kMatroska, complete_matroska(file)};
  if (file.has(0, "GIF87a") || file.has(0, "GIF89a")) return {VideoContainer::kGif, complete_gif(file)};
  return {};
}

}  // namespace fovea
