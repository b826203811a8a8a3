#pragma once
#include <array>
#include <opencv2/core.hpp>

#include "vision/recipe.h"

namespace fovea {

// The last step of a recipe alone: 8-bit values to what the model reads, as preprocess() makes them.
class Normaliser {
 public:
  explicit Normaliser(const Recipe& recipe);
  void operator()(const cv::Mat& rgb, float* out) const;  // 8UC3 to [rows, columns, 3]

 private:
  std::array<std::array<float, 3>, 256> levels_;
};

// The steps before it: 8UC3 of the recipe's size.
cv::Mat fitted(const cv::Mat& rgb, const Recipe& recipe);

}  // namespace fovea
