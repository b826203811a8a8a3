#pragma once
#include <functional>
#include <iosfwd>

#include "apps/image_stream.h"

namespace fovea {

// What a verb makes of a picture's pixels (8UC3, red first).
struct PictureReading {
  std::function<FramedBatch(const cv::Mat& rgb)> frame;
  bool apply_exif = true;
  bool keep_pixels = false;  // in the result
};

// Opens, decodes and preprocesses a picture; "-" is read from `standard_input`, a video's frame is there
// already. What is wrong with the picture becomes its result's failure.
PreparedImage read_picture(Input input, const PictureReading& how, std::istream& standard_input);

}  // namespace fovea
