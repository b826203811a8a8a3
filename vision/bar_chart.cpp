#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "attention/base/error.h"
#include "vision/attention_view.h"
#include "vision/canvas.h"
#include "vision/legend.h"

namespace fovea {
namespace {

constexpr int kLeft = 84, kRight = 24, kPlot = 300, kLeastPlot = 560, kMostPlot = 2048, kMargin = 12;
const cv::Scalar kGrid(225, 225, 225), kAxis(120, 120, 120);
const DrawingScale kHeading{1, 0.6, 1}, kText{1, 0.45, 1};

// Steps of 1, 2 or 5 times a power of ten, at most `most` of them.
double step_of(double length, int most) {
  const double power = std::pow(10, std::floor(std::log10(length / most)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power * most >= length * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

class BarChart {
 public:
  BarChart(std::span<const float> values, const std::string& title, const std::string& axis,
           const ValueRange& range)
      : values_(values),
        axis_(axis),
        plot_(plot_width(std::ssize(values))),
        low_(std::min(0.0, range.low)),
        high_(std::max(0.0, range.high)) {
    for (size_t i = 0; i < values.size(); ++i) take(i);
    const int width = kLeft + plot_ + kRight, line = letters_size("Ag|", kText).height + 8;
    title_ = wrapped(title, width - 2 * kMargin, kHeading, 3);
    summary_ = wrapped(summary(), width - 2 * kMargin, kText, 3);
    top_ = kMargin + heading_line() * static_cast<int>(title_.size()) + kMargin;
    height_ = top_ + kPlot + (2 + static_cast<int>(summary_.size())) * line + kMargin;
    if (low_ == high_) high_ = low_ + 1;
    step_ = step_of(high_ - low_, 6);
    low_ = std::floor(low_ / step_ + 1e-9) * step_;
    high_ = std::ceil(high_ / step_ - 1e-9) * step_;
  }

  cv::Mat draw() {
    Canvas canvas(kLeft + plot_ + kRight, height_);
    for (size_t i = 0; i < title_.size(); ++i)
      letters(canvas.picture(), title_[i],
              {kMargin, kMargin + heading_line() * (2 * static_cast<int>(i) + 1) / 2}, kHeading);
    ticks(canvas);
    bars(canvas);
    const int line = letters_size("Ag|", kText).height + 8;
    int y = top_ + kPlot + line / 2 + 4;
    places(canvas, y);
    y += line;
    for (const std::string& words : wrapped(axis_, plot_, kText, 1))
      canvas.text(words, {kLeft + plot_ / 2, y}, Align::kCentre);
    for (const std::string& words : summary_) letters(canvas.picture(), words, {kMargin, y += line}, kText);
    return canvas.picture();
  }

 private:
  static int heading_line() { return letters_size("Ag|", kHeading).height + 8; }

  // Whole pixels a bar; where there are more bars than pixels, several share one.
  static int plot_width(int64_t count) {
    if (count >= kMostPlot) return kMostPlot;
    return static_cast<int>((kLeastPlot + count - 1) / count * count);
  }

  void take(size_t i) {
    const double value = values_[i];
    if (!std::isfinite(value)) return;
    if (finite_ == 0 || value < values_[least_]) least_ = i;
    if (finite_ == 0 || value > values_[greatest_]) greatest_ = i;
    sum_ += value;
    ++finite_;
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
  }

  std::string summary() const {
    if (finite_ == 0) return "no value is finite";
    std::string text = "least " + true_value(values_[least_]) + " at " + std::to_string(least_) +
                       ", greatest " + true_value(values_[greatest_]) + " at " + std::to_string(greatest_) +
                       ", mean " + true_value(sum_ / static_cast<double>(finite_)) + ", of " +
                       std::to_string(values_.size());
    if (const size_t rest = values_.size() - finite_; rest > 0)
      text += "; " + std::to_string(rest) + " not finite";
    return text;
  }

  int at_y(double value) const {
    return top_ + static_cast<int>(std::lround((high_ - value) / (high_ - low_) * (kPlot - 1)));
  }
  int at_x(size_t i) const {
    return kLeft + static_cast<int>(i * static_cast<size_t>(plot_) / values_.size());
  }

  void ticks(Canvas& canvas) const {
    for (double i = std::round(low_ / step_); i * step_ <= high_ + 0.5 * step_; ++i) {
      const int y = at_y(i * step_);
      cv::line(canvas.picture(), {kLeft, y}, {kLeft + plot_, y}, kGrid);
      canvas.text(true_value(i * step_), {kLeft - 8, y}, Align::kRight, 0.42);
    }
  }

  void bars(Canvas& canvas) const {
    const int zero = at_y(0);
    for (size_t i = 0; i < values_.size(); ++i) {
      if (!std::isfinite(values_[i])) continue;
      const int left = at_x(i), width = std::max(1, at_x(i + 1) - left), gap = width >= 4 ? 1 : 0;
      const int y = at_y(values_[i]);
      const cv::Rect bar(left, std::min(y, zero), width - gap, std::abs(y - zero) + 1);
      canvas.picture()(bar).setTo(kPalette[values_[i] < 0 ? 1 : 0]);
    }
    cv::line(canvas.picture(), {kLeft, zero}, {kLeft + plot_, zero}, kAxis);
    cv::line(canvas.picture(), {kLeft - 1, top_}, {kLeft - 1, top_ + kPlot - 1}, kAxis);
  }

  void places(Canvas& canvas, int y) const {
    const double count = static_cast<double>(values_.size());
    const auto step = static_cast<size_t>(std::max(1.0, step_of(count, 10)));
    for (size_t i = 0; i < values_.size(); i += step) {
      const int x = (at_x(i) + std::max(at_x(i) + 1, at_x(i + 1))) / 2;
      cv::line(canvas.picture(), {x, top_ + kPlot}, {x, top_ + kPlot + 4}, kAxis);
      canvas.text(std::to_string(i), {x, y}, Align::kCentre, 0.42);
    }
  }

  std::span<const float> values_;
  std::string axis_;
  std::vector<std::string> title_, summary_;
  int plot_, top_ = 0, height_ = 0;
  size_t least_ = 0, greatest_ = 0, finite_ = 0;
  double sum_ = 0, low_, high_, step_ = 1;  // the bars start from 0
};

}  // namespace

cv::Mat bar_chart(std::span<const float> values, const std::string& title, const std::string& axis,
                  const ValueRange& range) {
  if (values.empty()) fail("bar_chart: there are no values");
  return BarChart(values, title, axis, range).draw();
}

}  // namespace fovea
