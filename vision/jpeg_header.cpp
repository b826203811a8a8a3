#include <cstring>

#include "vision/image_file.h"
#include "vision/tiff_directory.h"

namespace fovea {
namespace {

enum Marker : int64_t {
  kTem = 0x01,
  kSof0 = 0xC0,
  kDht = 0xC4,
  kJpg = 0xC8,
  kDac = 0xCC,
  kSof15 = 0xCF,
  kRst0 = 0xD0,
  kSoi = 0xD8,
  kEoi = 0xD9,
  kSos = 0xDA,
  kApp1 = 0xE1
};

bool is_frame(int64_t marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}

// The place of the next 0xFF at or after `at`; without one the file is truncated.
int64_t next_ff(const ImageFile& file, int64_t at) {
  const uint8_t* data = file.bytes().data();
  const void* found =
      at < file.size() ? std::memchr(data + at, 0xFF, static_cast<size_t>(file.size() - at)) : nullptr;
  if (!found) file.need(file.size() + 1);
  return static_cast<const uint8_t*>(found) - data;
}

// Moves `at` behind the next marker and returns it: behind fill bytes, or whatever else stands before it, as
// libjpeg does. 0xFF00 and restarts, the only 0xFF in the data of a scan, are none.
int64_t next_marker(const ImageFile& file, int64_t& at) {
  for (;;) {
    at = next_ff(file, at) + 1;
    const int64_t marker = file.number(at, 1, ByteOrder::kBig);
    if (marker == 0xFF) continue;
    ++at;
    if (marker != 0 && marker != kTem && !(marker >= kRst0 && marker <= kSoi)) return marker;
  }
}

}  // namespace

ImageHeader read_jpeg_header(const ImageFile& file) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  ImageHeader header{.format = "JPEG"};
  bool scans = false;
  for (int64_t at = 2;;) {
    const int64_t marker = next_marker(file, at);
    if (marker == kEoi) break;
    const int64_t length = file.number(at, 2, ByteOrder::kBig);
    if (length < 2) file.broken("a JPEG segment has no length");
    file.need(at + length);
    if (is_frame(marker) && header.width == 0) {
      header.height = file.number(at + 3, 2, ByteOrder::kBig);
      header.width = file.number(at + 5, 2, ByteOrder::kBig);
      file.check_size(header.width, header.height);
    } else if (marker == kApp1 && length >= 8 && file.has(at + 2, kExif)) {
      const auto exif = TiffDirectory::first(
          file.bytes().subspan(static_cast<size_t>(at + 8), static_cast<size_t>(length - 8)));
      if (exif) header.orientation = exif->orientation();
    }
    scans = scans || marker == kSos;
    at += length;
  }
  if (header.width == 0 || !scans) file.broken("the JPEG ends before its picture");
  return header;
}

}  // namespace fovea
