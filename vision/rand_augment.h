#pragma once
#include <opencv2/core.hpp>
#include <span>

#include "attention/base/rng.h"

namespace fovea {

// One operation of RandAugment (Cubuk et al. 2019, https://arxiv.org/abs/1909.13719) with torchvision's
// strengths for magnitudes 0 to 30. Where there is a sign, it is drawn.
struct RandomOperation {
  const char* name;
  bool with_sign;
  cv::Mat (*apply)(const cv::Mat& rgb, double strength);
  double (*strength)(int magnitude, cv::Size size);
};
std::span<const RandomOperation> random_operations();

// So many operations one after the other, each drawn from all of them.
cv::Mat rand_augment(const cv::Mat& rgb, int operations, int magnitude, Rng& rng);

}  // namespace fovea
