#include "vision/normaliser.h"

#include <vector>

#include "vision/preprocess.h"

namespace fovea {

Normaliser::Normaliser(const Recipe& recipe) {
  cv::Mat ramp(1, 256, CV_8UC3);
  for (int i = 0; i < 256; ++i) ramp.at<cv::Vec3b>(0, i) = cv::Vec3b::all(static_cast<uint8_t>(i));
  Recipe last = recipe;
  last.fit = Recipe::Fit::kKeep;
  last.crop = false;
  last.resize_height = ramp.rows;
  last.resize_width = ramp.cols;
  preprocess(ramp, last, levels_[0].data());
}

void Normaliser::operator()(const cv::Mat& rgb, float* out) const {
  for (int y = 0; y < rgb.rows; ++y) {
    const uint8_t* row = rgb.ptr(y);
    for (int x = 0; x < rgb.cols; ++x, row += 3, out += 3)
      for (size_t c = 0; c < 3; ++c) out[c] = levels_[row[c]][c];
  }
}

cv::Mat fitted(const cv::Mat& rgb, const Recipe& recipe) {
  Recipe first = recipe;
  first.rescale = 1;
  first.normalise = false;
  std::vector<float> values(static_cast<size_t>(recipe.height() * recipe.width() * 3));
  preprocess(rgb, first, values.data());
  cv::Mat out(static_cast<int>(recipe.height()), static_cast<int>(recipe.width()), CV_8UC3);
  for (size_t i = 0; i < values.size(); ++i) out.data[i] = static_cast<uint8_t>(values[i]);  // whole numbers
  return out;
}

}  // namespace fovea
