#include "vision/canvas.h"

#include <array>
#include <charconv>
#include <opencv2/imgproc.hpp>

#include "vision/drawable_text.h"

namespace fovea {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;

}  // namespace

std::string Canvas::drawable(const std::string& text) {
  return drawable_text(text);
}

cv::Size Canvas::text_size(const std::string& text, double scale) {
  int below = 0;
  const cv::Size size = cv::getTextSize(drawable(text), kFont, scale, 1, &below);
  return {size.width, size.height + below};
}

void Canvas::text(const std::string& text, cv::Point at, Align align, double scale,
                  const cv::Scalar& colour) {
  int below = 0;
  const std::string shown = drawable(text);
  const cv::Size size = cv::getTextSize(shown, kFont, scale, 1, &below);
  if (align == Align::kCentre) at.x -= size.width / 2;
  if (align == Align::kRight) at.x -= size.width;
  cv::putText(picture_, shown, {at.x, at.y + size.height / 2}, kFont, scale, colour, 1, cv::LINE_AA);
}

void Canvas::upward_text(const std::string& text, cv::Point bottom, double scale) {
  const cv::Size size = text_size(text, scale);
  Canvas line(size.width + 4, size.height + 4);
  line.text(text, {2, size.height / 2}, Align::kLeft, scale);
  cv::Mat turned;
  cv::rotate(line.picture(), turned, cv::ROTATE_90_COUNTERCLOCKWISE);
  const cv::Rect place(bottom.x - turned.cols / 2, bottom.y - turned.rows, turned.cols, turned.rows);
  const cv::Rect seen = place & cv::Rect(0, 0, picture_.cols, picture_.rows);
  turned(seen - place.tl()).copyTo(picture_(seen));
}

std::string short_number(double value, int digits) {
  std::array<char, 400> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits);
  std::string shown(text.data(), end.ptr);
  if (shown.find('.') != std::string::npos) {
    shown.erase(shown.find_last_not_of('0') + 1);
    if (shown.back() == '.') shown.pop_back();
  }
  return shown == "-0" ? "0" : shown;
}

}  // namespace fovea
