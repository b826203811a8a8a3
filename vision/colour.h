#pragma once
#include <opencv2/core.hpp>

#include "attention/base/rng.h"
#include "vision/augment.h"

namespace fovea {

// Changes of 8-bit RGB pictures as torchvision makes them of Pillow pictures: factor 1 changes nothing, 0 is
// black, the mean gray, the gray picture, the smoothed one.
cv::Mat with_brightness(const cv::Mat& rgb, double factor);
cv::Mat with_contrast(const cv::Mat& rgb, double factor);
cv::Mat with_saturation(const cv::Mat& rgb, double factor);
cv::Mat with_sharpness(const cv::Mat& rgb, double factor);
cv::Mat with_hue_turned(const cv::Mat& rgb, double share);  // -0.5 to 0.5 of the circle

// Factors from 1 - x (at least 0) to 1 + x for x = how.brightness, contrast and saturation, a turn within
// -how.hue and how.hue; in an order that is drawn.
cv::Mat colour_jitter(const cv::Mat& rgb, const Augmentation& how, Rng& rng);

}  // namespace fovea
