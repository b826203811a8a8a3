#pragma once
#include <array>
#include <opencv2/core.hpp>
#include <string>

namespace fovea {

// Colours that differ for every kind of colour vision: Okabe & Ito 2008. Blue first, as OpenCV writes them.
inline const std::array<cv::Scalar, 7> kPalette = {
    cv::Scalar(178, 114, 0),  cv::Scalar(0, 94, 213),  cv::Scalar(115, 158, 0), cv::Scalar(167, 121, 204),
    cv::Scalar(233, 180, 86), cv::Scalar(0, 159, 230), cv::Scalar(66, 228, 240)};

enum class Align { kLeft, kCentre, kRight };

// A white picture that shapes and text are drawn on; text as drawable_text() has it.
class Canvas {
 public:
  Canvas(int width, int height) : picture_(height, width, CV_8UC3, cv::Scalar(255, 255, 255)) {}
  cv::Mat& picture() { return picture_; }

  static std::string drawable(const std::string& text);  // as it will show
  static cv::Size text_size(const std::string& text, double scale = 0.45);
  // `at` is the middle of the text's height, and its left end, centre or right end.
  void text(const std::string& text, cv::Point at, Align align, double scale = 0.45,
            const cv::Scalar& colour = cv::Scalar(40, 40, 40));
  // The same, read from bottom to top; `bottom` is where it begins.
  void upward_text(const std::string& text, cv::Point bottom, double scale = 0.45);

 private:
  cv::Mat picture_;
};

// At most `digits` digits after the point, none of them a trailing 0; no locale changes it.
std::string short_number(double value, int digits);

}  // namespace fovea
