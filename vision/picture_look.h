#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "vision/annotations.h"

namespace fovea {

// What a picture's file says of it.
struct PictureLook {
  std::string code = {}, reason = {};  // why it cannot be used: ImageError's; empty: it can
  int64_t width = 0, height = 0;       // as shown: turned by its EXIF orientation
  int orientation = 1;                 // 5 to 8: it is stored with its sides swapped

  bool turned() const { return orientation >= 5; }
};

// From any thread. PictureCheck::kHeader reads no more than the start of most pictures.
PictureLook look_at_picture(const std::filesystem::path& path, PictureCheck check);
PictureLook look_at_picture(std::span<const uint8_t> bytes, const std::string& name, PictureCheck check);

}  // namespace fovea
