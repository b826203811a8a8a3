#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "vision/attention_view.h"
#include "vision/legend.h"

namespace fovea {
namespace {

void draw_bar(cv::Mat& bgr, cv::Point2d at, cv::Point2d half, int line, const cv::Scalar& colour) {
  const auto whole = [](cv::Point2d p) {
    return cv::Point(static_cast<int>(std::floor(p.x)), static_cast<int>(std::floor(p.y)));
  };
  cv::line(bgr, whole(at - half), whole(at + half), colour, line);
}

}  // namespace

ValueRange range_of(const cv::Mat& values) {
  if (values.empty() || values.type() != CV_32FC1) fail("range_of: there are no float32 values");
  constexpr double kNone = std::numeric_limits<double>::infinity();
  ValueRange range{kNone, -kNone, "from its least to its greatest value"};
  for (int y = 0; y < values.rows; ++y)
    for (int x = 0; x < values.cols; ++x) {
      const double value = values.at<float>(y, x);
      if (!std::isfinite(value)) continue;
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  if (range.low > range.high) return {0, 0, "no value is shown"};
  return range;
}

void mix_colours(cv::Mat& bgr, const cv::Mat& values, const ValueRange& range, const OverlayStyle& style) {
  const cv::Mat table = colour_table(style.colours);
  const double opacity = std::clamp(style.opacity, 0.0, 1.0);
  parallel_for(bgr.rows, 32, [&](int64_t begin, int64_t end) {
    for (auto y = static_cast<int>(begin); y < end; ++y)
      for (int x = 0; x < bgr.cols; ++x) {
        const double value = values.at<float>(y, x);
        if (std::isnan(value)) continue;
        const cv::Vec3b colour = colour_of(table, share_of(value, range));
        auto& pixel = bgr.at<cv::Vec3b>(y, x);
        for (int c = 0; c < 3; ++c)
          pixel[c] = static_cast<uint8_t>(std::lround(opacity * colour[c] + (1 - opacity) * pixel[c]));
      }
  });
}

cv::Mat overlay(const cv::Mat& bgr, const cv::Mat& values, const ValueRange& range,
                const OverlayStyle& style) {
  if (bgr.empty() || bgr.type() != CV_8UC3) fail("overlay: the picture is not 8-bit BGR");
  if (values.size() != bgr.size() || values.type() != CV_32FC1)
    fail("overlay: the map is not of float32 and of the picture's ", bgr.cols, " x ", bgr.rows, " pixels");
  cv::Mat mixed = bgr.clone();
  mix_colours(mixed, values, range, style);
  Enlarged shown = wide_enough(mixed);
  if (style.at) mark(shown.bgr, shown.place(*style.at));
  const LegendText text{style.title, true_value(range.low), true_value(range.high), range.rule};
  cv::Mat out;
  cv::vconcat(shown.bgr, legend(shown.bgr.cols, style.colours, text, legend_scale(shown.bgr.size())), out);
  return out;
}

// White within black, so that it stands out on anything.
void mark(cv::Mat& bgr, cv::Point2d at) {
  if (bgr.empty() || !std::isfinite(at.x) || !std::isfinite(at.y)) return;
  const cv::Point2d within(std::clamp(at.x, 0.0, bgr.cols - 1.0), std::clamp(at.y, 0.0, bgr.rows - 1.0));
  const DrawingScale scale = drawing_scale(bgr.size());
  const double arm = std::max(4.0, std::sqrt(static_cast<double>(bgr.cols) * bgr.rows) / 40);
  const int edge = std::max(1, scale.line);
  for (const bool black : {true, false}) {
    const double length = arm + (black ? edge : 0);
    const int line = scale.line + (black ? 2 * edge : 0);
    const cv::Scalar colour = black ? cv::Scalar(0, 0, 0) : cv::Scalar(255, 255, 255);
    draw_bar(bgr, within, {length, 0}, line, colour);
    draw_bar(bgr, within, {0, length}, line, colour);
  }
}

}  // namespace fovea
