#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vision/decode.h"

namespace fovea {

enum class ByteOrder { kLittle, kBig };

// The bytes of one picture file, with bounds-checked reads and the errors that name it.
class ImageFile {
 public:
  ImageFile(std::span<const uint8_t> bytes, const DecodeOptions& options)
      : bytes_(bytes), options_(options) {}
  std::span<const uint8_t> bytes() const { return bytes_; }
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  bool has(int64_t at, std::string_view text) const;

  // An unsigned number of `count` bytes; past the end the file is truncated.
  int64_t number(int64_t at, int count, ByteOrder order) const;
  void need(int64_t end) const;  // truncated unless the file has that many bytes

  void check_bytes() const;                              // against the limit
  void check_size(int64_t width, int64_t height) const;  // against the limits
  [[noreturn]] void reject(const char* code, const std::string& reason) const;
  [[noreturn]] void broken(const std::string& reason) const;  // decode_failed

 private:
  std::span<const uint8_t> bytes_;
  const DecodeOptions& options_;
};

// What a file says of itself.
struct ImageHeader {
  const char* format;
  int64_t width = 0, height = 0;
  int orientation = 1;
  bool always_upright = false;  // Pillow turns TIFF when it loads, EXIF or no EXIF
  int64_t white = 255;          // PNM: its largest value, which OpenCV does not scale by
  // TIFF: bytes to overwrite before OpenCV reads them, {place, value}.
  std::vector<std::pair<int64_t, uint8_t>> edits = {};
};

// Recognises the format, checks the size against the limits as soon as it is known, and walks the file's
// structure to its end. Throws ImageError.
ImageHeader read_header(const ImageFile& file);

// One format each; the signature has been seen.
ImageHeader read_jpeg_header(const ImageFile& file);
ImageHeader read_png_header(const ImageFile& file);
ImageHeader read_webp_header(const ImageFile& file);
ImageHeader read_bmp_header(const ImageFile& file);
ImageHeader read_tiff_header(const ImageFile& file);
ImageHeader read_pnm_header(const ImageFile& file);

// The pixels of a PNM that has another white than 255, rounded as by Pillow, red first, into an 8UC3 of its
// size.
void read_scaled_pnm(const ImageFile& file, cv::Mat& rgb);

}  // namespace fovea
