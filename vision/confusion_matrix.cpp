#include "vision/confusion_matrix.h"

#include <algorithm>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "attention/base/error.h"
#include "vision/canvas.h"
#include "vision/drawable_text.h"

namespace fovea {
namespace {

constexpr int kGap = 10, kTitle = 30;
constexpr int kLongestSide = 12'000;  // beyond this no viewer shows it

// A name that cannot be drawn is its number among the columns, and the same beside a row.
std::vector<std::string> drawn(std::span<const std::string> labels, std::span<const std::string> columns) {
  std::vector<std::string> names;
  for (const std::string& label : labels) {
    const auto number = std::ranges::find(columns, label) - columns.begin();
    const bool known = number < std::ssize(columns);
    names.push_back(drawable_name(label, known ? "class " + std::to_string(number) : "no class"));
  }
  return names;
}

int widest(std::span<const std::string> labels) {
  int width = 0;
  for (const std::string& label : labels) width = std::max(width, Canvas::text_size(label).width);
  return width;
}

// From white over light to dark blue: its lightness alone tells the share.
cv::Scalar shade(double share) {
  const auto between = [share](double from, double to) { return from + (to - from) * share; };
  return {between(255, 107), between(255, 48), between(255, 8)};
}

// Wide enough for the longest count while there are few classes; room for a line of text at the least.
int cell_side(std::span<const int64_t> counts, size_t columns) {
  const int64_t most = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  const int line = Canvas::text_size("Ag").height + 4;
  return columns > 60 ? line : std::max(line + 8, Canvas::text_size(std::to_string(most)).width + 12);
}

}  // namespace

cv::Mat draw_confusion_matrix(std::span<const int64_t> counts, std::span<const std::string> row_labels,
                              std::span<const std::string> column_labels) {
  const std::vector<std::string> rows = drawn(row_labels, column_labels),
                                 columns = drawn(column_labels, column_labels);
  if (rows.empty() || columns.empty() || counts.size() != rows.size() * columns.size())
    fail("draw_confusion_matrix: ", counts.size(), " counts for ", rows.size(), " x ", columns.size(),
         " classes");
  const int side = cell_side(counts, columns.size());
  const int left = kTitle + widest(rows) + 2 * kGap, top = kTitle + widest(columns) + 2 * kGap;
  const int64_t width = left + int64_t{side} * static_cast<int64_t>(columns.size()) + kGap;
  const int64_t height = top + int64_t{side} * static_cast<int64_t>(rows.size()) + kGap;
  if (std::max(width, height) > kLongestSide)
    fail("draw_confusion_matrix: ", rows.size(), " x ", columns.size(),
         " classes make a picture that is too large; use the table of counts");
  const cv::Size caption = Canvas::text_size("named as", 0.6);
  Canvas canvas(
      static_cast<int>(std::max<int64_t>(width, left + caption.width + kGap)),
      static_cast<int>(std::max<int64_t>(height, top + Canvas::text_size("true class", 0.6).width)));
  canvas.text("named as", {left, kTitle / 2 + 4}, Align::kLeft, 0.6);
  canvas.upward_text("true class", {kTitle / 2 + 4, canvas.picture().rows - kGap}, 0.6);
  for (size_t c = 0; c < columns.size(); ++c)
    canvas.upward_text(columns[c], {left + side * static_cast<int>(c) + side / 2, top - kGap});
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::span<const int64_t> row = counts.subspan(r * columns.size(), columns.size());
    const int64_t all = std::accumulate(row.begin(), row.end(), int64_t{0});
    const int y = top + side * static_cast<int>(r);
    canvas.text(rows[r], {left - kGap, y + side / 2}, Align::kRight);
    for (size_t c = 0; c < columns.size(); ++c) {
      const double share = all > 0 ? static_cast<double>(row[c]) / static_cast<double>(all) : 0;
      const cv::Rect cell(left + side * static_cast<int>(c), y, side, side);
      cv::rectangle(canvas.picture(), cell, shade(share), cv::FILLED);
      cv::rectangle(canvas.picture(), cell, cv::Scalar(210, 210, 210));
      if (row[c] > 0 && columns.size() <= 60)
        canvas.text(std::to_string(row[c]), {cell.x + side / 2, cell.y + side / 2}, Align::kCentre, 0.45,
                    share > 0.5 ? cv::Scalar(255, 255, 255) : cv::Scalar(40, 40, 40));
    }
  }
  return canvas.picture();
}

}  // namespace fovea
