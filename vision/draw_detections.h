#pragma once
#include <opencv2/core.hpp>
#include <span>
#include <string>

#include "vision/detections.h"

namespace fovea {

// A box to be drawn, and what is written beside it.
struct CaptionedBox {
  Box box;
  std::string caption;
  int64_t colour = 0;  // of kPalette, which repeats
};

// How wide lines are and how high letters, in pixels, on a picture of this size.
struct DrawingScale {
  int line = 1;
  double text = 0.4;  // OpenCV's scale of its font
  int stroke = 1;     // of the letters
};
DrawingScale drawing_scale(cv::Size picture);

// Draws boxes on a picture (8UC3, blue first), the first ones on top. A caption stands above its box, or
// wherever else it is whole and covers no other; one that is too wide for the picture is written smaller, and
// left out where it could not be read.
void draw_detections(cv::Mat& bgr, std::span<const CaptionedBox> boxes);

}  // namespace fovea
