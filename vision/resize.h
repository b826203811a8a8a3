#pragma once
#include <opencv2/core.hpp>

#include "vision/recipe.h"

namespace fovea {

// Pillow's Image.resize, bit for bit, for pictures of 8UC1, 8UC3 or 32FC1. With `part`, only that rectangle
// of the result is computed and returned: the same bits as cutting it out of the whole.
cv::Mat resize_pillow(const cv::Mat& image, cv::Size size, Filter filter);
cv::Mat resize_pillow(const cv::Mat& image, cv::Size size, Filter filter, cv::Rect part);

}  // namespace fovea
