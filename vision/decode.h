#pragma once
#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <span>
#include <string>

#include "attention/base/error.h"

namespace fovea {

// Why a picture could not be had. `code` is one of "not_found", "unreadable", "empty", "unsupported_format",
// "too_large", "truncated", "decode_failed".
struct ImageError : Error {
  ImageError(const char* what_kind, const std::string& message) : Error(message), code(what_kind) {}
  const char* code;
};

struct DecodeOptions {
  std::string name = "picture";  // in messages; read_image() puts the path here
  bool apply_exif =
      true;  // turn the picture as its EXIF orientation says (TIFF is turned always, as by Pillow)
  int64_t max_pixels = 178'956'970;  // Pillow's limit
  int64_t max_side = 65'500;         // libjpeg's
  int64_t max_bytes = 256 << 20;     // of the file
};

struct DecodedImage {
  cv::Mat rgb;               // 8UC3, red first
  int exif_orientation = 1;  // 1..8 as stored in the file, whether applied or not
};

// JPEG, PNG, WebP, BMP, TIFF (first page) and PNM; everything else is refused before a decoder sees it, and
// so is a picture whose own header asks for more than `options` allows, or whose file ends early. Pixels are
// those of Pillow's convert("RGB"), but for 16-bit gray (scaled to 8 bits, where Pillow clips), CMYK JPEG and
// 16-bit BMP (OpenCV's conversion). Damage in a TIFF's packed data is unseen. Throws ImageError, bad_alloc.
DecodedImage decode_image(std::span<const uint8_t> bytes, const DecodeOptions& options = {});
DecodedImage read_image(const std::filesystem::path& path, DecodeOptions options = {});

// Keeps OpenCV's log lines off stderr, for the whole process: for applications. (libpng and libjpeg may still
// print.)
void silence_decoders();

}  // namespace fovea
