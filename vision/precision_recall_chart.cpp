#include "vision/precision_recall_chart.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "vision/canvas.h"
#include "vision/drawable_text.h"

namespace fovea {
namespace {

constexpr int kWidth = 300, kHeight = 270, kLeft = 50, kRight = 22, kTop = 48, kBottom = 44, kHead = 50;
constexpr size_t kMostClasses = 119;
const cv::Scalar kGrid(225, 225, 225), kAxis(120, 120, 120);
constexpr double kSmall = 0.4;

// A level of overlap, told from the other by colour and by its line being whole or broken.
struct OverlapLevel {
  double iou;
  const char* name;
  size_t colour;
  bool broken;
};
constexpr OverlapLevel kLevels[] = {{0.5, "IoU 0.50", 0, false}, {0.75, "IoU 0.75", 1, true}};

struct ClassPanel {
  std::string title;
  std::vector<double> precision[2];  // of each level, over the recall thresholds
};

void broken_line(cv::Mat& picture, const std::vector<cv::Point>& points, const cv::Scalar& colour,
                 bool broken) {
  constexpr double kDash = 7, kGap = 5;
  double walked = 0;
  for (size_t i = 1; i < points.size(); ++i) {
    const cv::Point2d from = points[i - 1], step = cv::Point2d(points[i]) - from;
    const double length = std::hypot(step.x, step.y);
    for (double at = 0; at < length;) {
      const double phase = std::fmod(walked + at, kDash + kGap);
      const double end =
          broken ? std::min(length, at + (phase < kDash ? kDash : kDash + kGap) - phase) : length;
      if (!broken || phase < kDash)
        cv::line(picture, cv::Point(from + at / length * step), cv::Point(from + end / length * step), colour,
                 2, cv::LINE_AA);
      at = std::max(end, at + 1e-3);
    }
    walked += length;
  }
}

// Mean over the categories that have objects.
std::vector<double> mean_curve(const CocoEvaluation& evaluation, double iou) {
  std::vector<double> sum;
  int64_t count = 0;
  for (int64_t k = 0; k < std::ssize(evaluation.categories); ++k) {
    const std::vector<double> one = evaluation.curve(evaluation.precision, iou, k);
    if (one.empty() || one[0] < 0) continue;
    sum.resize(one.size());
    for (size_t r = 0; r < one.size(); ++r) sum[r] += one[r];
    ++count;
  }
  for (double& value : sum) value /= static_cast<double>(count);
  return sum;
}

std::string level_text(const std::vector<double>& curve) {
  if (curve.empty()) return "-";
  double sum = 0;
  for (const double precision : curve) sum += precision;
  std::string text = short_number(sum / static_cast<double>(curve.size()), 3);
  if (text.find('.') == std::string::npos) text += '.';
  while (text.size() < 5) text += '0';
  return text;
}

std::string fitted(std::string text, int width) {
  text = Canvas::drawable(text);
  if (Canvas::text_size(text).width <= width) return text;
  while (!text.empty() && Canvas::text_size(text + "...").width > width) text.pop_back();
  return text + "...";
}

std::vector<ClassPanel> panels_of(const CocoEvaluation& evaluation) {
  const size_t areas = evaluation.params.areas.size();
  std::vector<int64_t> kinds;
  const auto objects = [&](int64_t k) { return evaluation.objects[static_cast<size_t>(k) * areas]; };
  for (int64_t k = 0; k < std::ssize(evaluation.categories); ++k)
    if (objects(k) > 0) kinds.push_back(k);
  if (kinds.size() > kMostClasses) {
    std::stable_sort(kinds.begin(), kinds.end(),
                     [&](int64_t a, int64_t b) { return objects(a) > objects(b); });
    kinds.resize(kMostClasses);
    std::sort(kinds.begin(), kinds.end());
  }
  std::vector<ClassPanel> panels(1);
  panels[0].title = "all classes";
  for (size_t i = 0; i < 2; ++i) panels[0].precision[i] = mean_curve(evaluation, kLevels[i].iou);
  for (const int64_t k : kinds) {
    const Category& category = evaluation.categories[static_cast<size_t>(k)];
    const std::string name = drawable_name(category.name, "category " + std::to_string(category.id));
    ClassPanel panel{name + " (" + std::to_string(objects(k)) + ")", {}};
    for (size_t i = 0; i < 2; ++i)
      panel.precision[i] = evaluation.curve(evaluation.precision, kLevels[i].iou, k);
    panels.push_back(panel);
  }
  return panels;
}

class ClassPanelDrawing {
 public:
  ClassPanelDrawing(Canvas& canvas, const std::vector<double>& recalls, cv::Point corner)
      : canvas_(canvas), recalls_(recalls), corner_(corner) {}

  void draw(const ClassPanel& panel) {
    grid();
    int x = corner_.x + kLeft;
    canvas_.text(fitted(panel.title, kWidth - kLeft - kRight), {x, corner_.y + 12}, Align::kLeft);
    for (size_t i = 0; i < 2; ++i) {
      const std::string text = std::string(i ? "AP75 " : "AP50 ") + level_text(panel.precision[i]);
      broken_line(canvas_.picture(), {{x, corner_.y + 33}, {x + 22, corner_.y + 33}}, colour(i),
                  kLevels[i].broken);
      canvas_.text(text, {x + 28, corner_.y + 33}, Align::kLeft, kSmall);
      x += (kWidth - kLeft - kRight) / 2 + 6;
      curve(panel.precision[i], i);
    }
  }

 private:
  static cv::Scalar colour(size_t level) { return kPalette[kLevels[level].colour]; }
  cv::Point at(double recall, double precision) const {
    return {corner_.x + kLeft + static_cast<int>(std::lround(recall * (kWidth - kLeft - kRight))),
            corner_.y + kHeight - kBottom -
                static_cast<int>(std::lround(precision * (kHeight - kTop - kBottom)))};
  }

  void grid() {
    for (int i = 0; i <= 4; ++i) {
      const double share = i / 4.0;
      cv::line(canvas_.picture(), at(share, 0), at(share, 1), kGrid);
      cv::line(canvas_.picture(), at(0, share), at(1, share), kGrid);
      if (i % 2) continue;
      canvas_.text(short_number(share, 2), at(share, 0) + cv::Point(0, 12), Align::kCentre, kSmall);
      canvas_.text(short_number(share, 2), at(0, share) - cv::Point(6, 0), Align::kRight, kSmall);
    }
    cv::rectangle(canvas_.picture(), at(0, 1), at(1, 0), kAxis);
    canvas_.text("recall", at(0.5, 0) + cv::Point(0, 28), Align::kCentre, kSmall);
    canvas_.upward_text("precision",
                        {corner_.x + 14, at(0, 0.5).y + Canvas::text_size("precision", kSmall).width / 2},
                        kSmall);
  }

  // As far as any recall is reached, then down to nothing.
  void curve(const std::vector<double>& precision, size_t level) {
    std::vector<cv::Point> points;
    for (size_t r = 0; r < precision.size() && precision[r] > 0; ++r)
      points.push_back(at(recalls_[r], precision[r]));
    if (points.empty()) return;
    points.push_back({points.back().x, at(0, 0).y});
    broken_line(canvas_.picture(), points, colour(level), kLevels[level].broken);
  }

  Canvas& canvas_;
  const std::vector<double>& recalls_;
  cv::Point corner_;
};

}  // namespace

cv::Mat draw_precision_recall(const CocoEvaluation& evaluation) {
  const std::vector<ClassPanel> panels = panels_of(evaluation);
  const int count = static_cast<int>(panels.size());
  const int columns = std::clamp(static_cast<int>(std::ceil(std::sqrt(count * 1.3))), std::min(count, 2), 10);
  Canvas canvas(kWidth * columns, kHead + kHeight * ((count + columns - 1) / columns));
  canvas.text("Precision over recall; whole line IoU 0.50, broken line IoU 0.75", {kLeft, kHead / 2},
              Align::kLeft, 0.5);
  for (int i = 0; i < count; ++i)
    ClassPanelDrawing(canvas, evaluation.params.recall_thresholds,
                      {kWidth * (i % columns), kHead + kHeight * (i / columns)})
        .draw(panels[static_cast<size_t>(i)]);
  return canvas.picture();
}

}  // namespace fovea
