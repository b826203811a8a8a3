#include "vision/image_file.h"
#include "vision/tiff_directory.h"

namespace fovea {
namespace {

enum Tag : uint16_t {
  kWidth = 256,
  kHeight = 257,
  kStripOffsets = 273,
  kOrientation = 274,
  kStripBytes = 279,
  kTileOffsets = 324,
  kTileBytes = 325,
  kExtraSamples = 338
};

constexpr uint64_t kUnassociatedAlpha = 2;

// Every strip or tile must lie in the file.
void check_pieces(const ImageFile& file, const TiffDirectory& directory, Tag offsets, Tag bytes) {
  const TiffDirectory::Numbers places = directory.numbers(offsets), sizes = directory.numbers(bytes);
  for (uint64_t i = 0; i < places.count(); ++i) {
    const auto at = places[i], size = sizes[i];
    if (!at || (sizes.count() > i && !size)) file.need(file.size() + 1);
    const auto end = static_cast<uint64_t>(file.size());
    if (*at > end || size.value_or(0) > end - *at) file.need(file.size() + 1);
  }
}

}  // namespace

ImageHeader read_tiff_header(const ImageFile& file) {
  ImageHeader header{.format = "TIFF"};
  const auto directory = TiffDirectory::first(file.bytes());
  if (!directory) file.need(file.size() + 1);
  const auto width = directory->value(kWidth), height = directory->value(kHeight);
  if (!width || !height || *width > UINT32_MAX || *height > UINT32_MAX)
    file.broken("the TIFF does not give its size");
  header.width = static_cast<int64_t>(*width);
  header.height = static_cast<int64_t>(*height);
  file.check_size(header.width, header.height);
  check_pieces(file, *directory, kStripOffsets, kStripBytes);
  check_pieces(file, *directory, kTileOffsets, kTileBytes);
  header.orientation = directory->orientation();
  header.always_upright = true;
  // OpenCV turns TIFF pictures whatever it is told, and its libtiff multiplies colours with alpha: hide both.
  if (header.orientation != 1) header.edits.push_back({directory->low_byte(kOrientation), uint8_t{1}});
  if (directory->value(kExtraSamples) == kUnassociatedAlpha)
    header.edits.push_back({directory->low_byte(kExtraSamples), uint8_t{0}});
  return header;
}

}  // namespace fovea
