// PNG, WebP and BMP: sizes, EXIF, and whether all announced bytes are there.
#include <algorithm>

#include "vision/image_file.h"
#include "vision/tiff_directory.h"

namespace fovea {
namespace {

constexpr ByteOrder kBig = ByteOrder::kBig, kLittle = ByteOrder::kLittle;

int exif_orientation(const ImageFile& file, int64_t at, int64_t size) {
  const std::string_view prefix("Exif\0\0", 6);  // some writers keep JPEG's prefix
  if (size >= 6 && file.has(at, prefix)) at += 6, size -= 6;
  const auto directory =
      TiffDirectory::first(file.bytes().subspan(static_cast<size_t>(at), static_cast<size_t>(size)));
  return directory ? directory->orientation() : 1;
}

// The size that the first chunk of a WebP file gives; `data` is where its payload starts.
void read_webp_size(const ImageFile& file, int64_t chunk, ImageHeader& header) {
  const int64_t data = chunk + 8;
  if (file.has(chunk, "VP8X")) {
    if (file.number(data, 1, kLittle) & 2)
      file.reject("unsupported_format", "this is an animated WebP; save one frame of it as PNG or JPEG");
    header.width = file.number(data + 4, 3, kLittle) + 1;
    header.height = file.number(data + 7, 3, kLittle) + 1;
  } else if (file.has(chunk, "VP8L")) {
    const int64_t bits = file.number(data + 1, 4, kLittle);
    header.width = (bits & 0x3FFF) + 1;
    header.height = (bits >> 14 & 0x3FFF) + 1;
  } else if (file.has(chunk, "VP8 ")) {
    header.width = file.number(data + 6, 2, kLittle) & 0x3FFF;
    header.height = file.number(data + 8, 2, kLittle) & 0x3FFF;
  } else {
    file.need(chunk + 4);
    file.broken("its first WebP chunk is no picture");
  }
}

}  // namespace

ImageHeader read_png_header(const ImageFile& file) {
  ImageHeader header{.format = "PNG"};
  file.need(24);
  if (file.number(8, 4, kBig) != 13 || !file.has(12, "IHDR")) file.broken("its first PNG chunk is not IHDR");
  header.width = file.number(16, 4, kBig);
  header.height = file.number(20, 4, kBig);
  file.check_size(header.width, header.height);
  bool pixels = false;
  for (int64_t at = 8;;) {
    const int64_t length = file.number(at, 4, kBig), data = at + 8;
    file.need(data + length + 4);
    if (file.has(at + 4, "IEND")) break;
    if (file.has(at + 4, "IDAT")) pixels = true;
    if (file.has(at + 4, "eXIf")) header.orientation = exif_orientation(file, data, length);
    at = data + length + 4;
  }
  if (!pixels) file.broken("the PNG has no pixels (IDAT)");
  return header;
}

ImageHeader read_webp_header(const ImageFile& file) {
  ImageHeader header{.format = "WebP"};
  if (!file.has(0, "RIFF")) file.broken("the WebP has no RIFF header");
  read_webp_size(file, 12, header);
  file.check_size(header.width, header.height);
  const int64_t end = 8 + file.number(4, 4, kLittle);
  file.need(end);
  for (int64_t at = 12; at + 8 <= end;) {
    const int64_t length = file.number(at + 4, 4, kLittle);
    file.need(at + 8 + length);
    if (file.has(at, "EXIF")) header.orientation = exif_orientation(file, at + 8, length);
    at += 8 + length + length % 2;
  }
  return header;
}

ImageHeader read_bmp_header(const ImageFile& file) {
  ImageHeader header{.format = "BMP"};
  const int64_t pixels = file.number(10, 4, kLittle);
  const bool old = file.number(14, 4, kLittle) == 12;
  const int wide = old ? 2 : 4;
  header.width = file.number(18, wide, kLittle);
  header.height = file.number(18 + wide, wide, kLittle);
  if (!old)
    header.height =
        std::abs(static_cast<int64_t>(static_cast<int32_t>(header.height)));  // < 0: top row first
  file.check_size(header.width, header.height);
  const int64_t bits = file.number(old ? 24 : 28, 2, kLittle);
  const int64_t compression = old ? 0 : file.number(30, 4, kLittle);
  const int64_t row = (header.width * bits + 31) / 32 * 4;
  if (compression > 3)
    file.reject("unsupported_format", "this BMP is packed in an unusual way; save it again as PNG");
  if (compression == 0 || compression == 3) file.need(pixels + row * header.height);
  if (compression == 3 && bits == 32 &&
      (file.number(54, 4, kLittle) != 0xFF0000 || file.number(58, 4, kLittle) != 0xFF00 ||
       file.number(62, 4, kLittle) != 0xFF))
    file.reject("unsupported_format", "this BMP has its colours in an unusual order; save it again as PNG");
  return header;
}

}  // namespace fovea
