#include "vision/curves.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "attention/base/error.h"
#include "vision/canvas.h"

namespace fovea {
namespace {

constexpr int kWidth = 520, kHeight = 400, kLeft = 70, kRight = 20, kTop = 70, kBottom = 55;
const cv::Scalar kGrid(225, 225, 225), kAxis(120, 120, 120);

struct Range {
  double low = 0, high = 1;
};

// Steps of 1, 2 or 5 times a power of ten, so that there are at most `most` of them.
double tick_step(const Range& range, int most) {
  const double rough = (range.high - range.low) / most;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

std::string tick_label(double value, double step) {
  return short_number(value, std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 12));
}

// Of all finite points; never empty.
Range range_of(const Panel& panel, bool of_x) {
  Range range{INFINITY, -INFINITY};
  for (const Curve& curve : panel.curves)
    for (size_t i = 0; i < curve.y.size(); ++i) {
      if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) continue;
      const double value = of_x ? curve.x[i] : curve.y[i];
      range = {std::min(range.low, value), std::max(range.high, value)};
    }
  if (range.low > range.high) return {0, 1};
  const double margin = range.high > range.low ? (of_x ? 0 : 0.05 * (range.high - range.low))
                                               : std::max(0.5, 0.05 * std::abs(range.low));
  return {range.low - margin, range.high + margin};
}

class PanelDrawing {
 public:
  PanelDrawing(Canvas& canvas, const Panel& panel, int left)
      : canvas_(canvas), panel_(panel), x_(range_of(panel, true)), y_(range_of(panel, false)), left_(left) {}

  void draw(const std::string& x_name) {
    grid();
    for (size_t i = 0; i < panel_.curves.size(); ++i) curve(panel_.curves[i], static_cast<int>(i));
    legend();
    canvas_.text(panel_.title, {left_ + kWidth / 2, 20}, Align::kCentre, 0.6);
    canvas_.text(x_name, {left_ + (kLeft + kWidth - kRight) / 2, kHeight - 15}, Align::kCentre);
  }

 private:
  int at_x(double x) const {
    return left_ + kLeft +
           static_cast<int>(std::lround((x - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight)));
  }
  int at_y(double y) const {
    return kHeight - kBottom -
           static_cast<int>(std::lround((y - y_.low) / (y_.high - y_.low) * (kHeight - kTop - kBottom)));
  }
  static cv::Scalar colour(int index) { return kPalette[static_cast<size_t>(index) % kPalette.size()]; }

  void grid() {
    const double step_x = std::max(1.0, tick_step(x_, 8)), step_y = tick_step(y_, 7);
    for (double x = std::ceil(x_.low / step_x) * step_x; x <= x_.high + 1e-9 * step_x; x += step_x) {
      cv::line(canvas_.picture(), {at_x(x), kTop}, {at_x(x), kHeight - kBottom}, kGrid);
      canvas_.text(tick_label(x, step_x), {at_x(x), kHeight - kBottom + 14}, Align::kCentre, 0.4);
    }
    for (double y = std::ceil(y_.low / step_y) * step_y; y <= y_.high + 1e-9 * step_y; y += step_y) {
      cv::line(canvas_.picture(), {left_ + kLeft, at_y(y)}, {left_ + kWidth - kRight, at_y(y)}, kGrid);
      canvas_.text(tick_label(y, step_y), {left_ + kLeft - 8, at_y(y)}, Align::kRight, 0.4);
    }
    cv::rectangle(canvas_.picture(), cv::Point(left_ + kLeft, kTop),
                  cv::Point(left_ + kWidth - kRight, kHeight - kBottom), kAxis);
  }

  // A filled dot, a square, a ring, in turn: shape tells what colour may not.
  void marker(cv::Point at, int index) {
    if (index % 3 == 0) cv::circle(canvas_.picture(), at, 3, colour(index), cv::FILLED, cv::LINE_AA);
    if (index % 3 == 1)
      cv::rectangle(canvas_.picture(), at - cv::Point(3, 3), at + cv::Point(3, 3), colour(index), cv::FILLED);
    if (index % 3 == 2) cv::circle(canvas_.picture(), at, 4, colour(index), 1, cv::LINE_AA);
  }

  void curve(const Curve& curve, int index) {
    constexpr size_t kMostMarkers = 25;
    cv::Point before;
    bool joined = false;
    for (size_t i = 0; i < curve.y.size(); ++i) {
      if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) {
        joined = false;
        continue;
      }
      const cv::Point at(at_x(curve.x[i]), at_y(curve.y[i]));
      if (joined) cv::line(canvas_.picture(), before, at, colour(index), 2, cv::LINE_AA);
      if (curve.y.size() <= kMostMarkers || i + 1 == curve.y.size()) marker(at, index);
      before = at;
      joined = true;
    }
  }

  void legend() {
    int x = left_ + kLeft;
    for (size_t i = 0; i < panel_.curves.size(); ++i) {
      const std::string& name = panel_.curves[i].name;
      cv::line(canvas_.picture(), {x, 48}, {x + 24, 48}, colour(static_cast<int>(i)), 2, cv::LINE_AA);
      marker({x + 12, 48}, static_cast<int>(i));
      canvas_.text(name, {x + 30, 48}, Align::kLeft);
      x += 30 + Canvas::text_size(name).width + 20;
    }
  }

  Canvas& canvas_;
  const Panel& panel_;
  Range x_, y_;
  int left_;
};

}  // namespace

cv::Mat draw_curves(std::span<const Panel> panels, const std::string& x_name) {
  if (panels.empty()) fail("draw_curves: no panels; give it one at least");
  for (const Panel& panel : panels)
    for (const Curve& curve : panel.curves)
      if (curve.x.size() != curve.y.size())
        fail("draw_curves: '", curve.name, "' has ", curve.x.size(), " places for ", curve.y.size(),
             " values");
  Canvas canvas(kWidth * static_cast<int>(panels.size()), kHeight);
  for (size_t i = 0; i < panels.size(); ++i)
    PanelDrawing(canvas, panels[i], kWidth * static_cast<int>(i)).draw(x_name);
  return canvas.picture();
}

}  // namespace fovea
