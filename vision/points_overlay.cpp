#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "attention/base/error.h"
#include "vision/attention_view.h"
#include "vision/legend.h"

namespace fovea {
namespace {

bool is_drawable(const WeightedPoint& point, cv::Size picture) {
  return point.at.x >= 0 && point.at.y >= 0 && point.at.x <= picture.width && point.at.y <= picture.height &&
         std::isfinite(point.weight);
}

// A quarter of a pixel matters on small pictures: OpenCV's shifted coordinates, of which a whole number is a
// pixel's centre.
constexpr int kShift = 4;
int fine(double at) {
  return static_cast<int>(std::lround(at * (1 << kShift)));
}

void dot(cv::Mat& bgr, cv::Point2d at, double radius, double edge, const cv::Vec3b& colour) {
  const cv::Point place(fine(at.x - 0.5), fine(at.y - 0.5));
  const auto disc = [&](double r, const cv::Scalar& ink) {
    cv::circle(bgr, place, std::max(1, fine(r)), ink, cv::FILLED, cv::LINE_AA, kShift);
  };
  disc(radius + 2 * edge, cv::Scalar(0, 0, 0));
  disc(radius + edge, cv::Scalar(255, 255, 255));
  disc(radius, cv::Scalar(colour[0], colour[1], colour[2]));
}

}  // namespace

cv::Mat points_overlay(const cv::Mat& bgr, std::span<const WeightedPoint> points, cv::Point2d query,
                       const ValueRange& weights, const OverlayStyle& style) {
  if (bgr.empty() || bgr.type() != CV_8UC3) fail("points_overlay: the picture is not 8-bit BGR");
  std::vector<WeightedPoint> inside;
  for (const WeightedPoint& point : points)
    if (is_drawable(point, bgr.size())) inside.push_back(point);
  std::ranges::stable_sort(inside, {}, &WeightedPoint::weight);  // the heaviest on top
  Enlarged shown = wide_enough(bgr.clone());
  ValueRange range{std::min(0.0, weights.low), std::max(0.0, weights.high), "size and colour by weight"};
  if (const size_t outside = points.size() - inside.size(); outside > 0)
    range.rule += "; " + std::to_string(outside) + " of " + std::to_string(points.size()) +
                  " points lie outside the picture";
  const cv::Mat table = colour_table(style.colours);
  const double side = std::sqrt(static_cast<double>(shown.bgr.cols) * shown.bgr.rows);
  const double edge = std::max(0.75, side / 900), most = std::max(4.0, side / 60);
  for (const WeightedPoint& point : inside) {
    const double share = share_of(point.weight, range);
    dot(shown.bgr, shown.place(point.at), most * std::max(0.3, std::sqrt(share)), edge,
        colour_of(table, share));
  }
  mark(shown.bgr, shown.place(query));
  const LegendText text{style.title, true_value(range.low), true_value(range.high), range.rule};
  cv::Mat out;
  cv::vconcat(shown.bgr, legend(shown.bgr.cols, style.colours, text, legend_scale(shown.bgr.size())), out);
  return out;
}

}  // namespace fovea
