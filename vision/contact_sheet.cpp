#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "attention/base/error.h"
#include "vision/attention_view.h"
#include "vision/canvas.h"
#include "vision/legend.h"

namespace fovea {
namespace {

constexpr int kMostSide = 4096, kMostTile = 96, kLeastTile = 8, kMostName = 150, kGap = 6, kMargin = 10;
constexpr double kNames = 0.42, kEnds = 0.32;

std::string shortened(std::string name, int width) {
  name = Canvas::drawable(name).substr(0, 200);
  if (Canvas::text_size(name, kNames).width <= width) return name;
  while (!name.empty() && Canvas::text_size(name + "..", kNames).width > width) name.pop_back();
  return name + "..";
}

int widest(const std::vector<std::string>& names, double scale) {
  int width = 0;
  for (const std::string& name : names) width = std::max(width, Canvas::text_size(name, scale).width);
  return width;
}

std::vector<std::string> shortened(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(shortened(name, kMostName));
  return out;
}

std::string ends_of(const ValueRange& range) {
  return true_value(range.low, 3) + " to " + true_value(range.high, 3);
}

// Where everything stands: tiles as large as the sheet has room for.
struct Layout {
  cv::Size tile, cell;
  int left = 0, top = 0;  // of the first cell
  bool upward = false;    // names of columns
  bool ends = false;      // each tile's own values below it
  cv::Size whole;         // without the legend

  cv::Point at(int row, int column) const {
    return {left + column * (cell.width + kGap), top + row * (cell.height + kGap)};
  }
};

class Sheet {
 public:
  Sheet(const cv::Mat& bgr, std::span<const SheetTile> tiles, const std::vector<std::string>& rows,
        const std::vector<std::string>& columns, const OverlayStyle& style)
      : bgr_(bgr), tiles_(tiles), rows_(shortened(rows)), columns_(shortened(columns)), style_(style) {
    for (const SheetTile& tile : tiles) {
      check(tile);
      ranges_.push_back(range_of(tile.values));
      ends_.push_back(ends_of(ranges_.back()));
    }
    widest_row_ = widest(rows_, kNames);
    widest_column_ = widest(columns_, kNames);
    widest_ends_ = widest(ends_, kEnds);
  }

  cv::Mat draw() {
    choose_layout();
    const LegendText text{style_.title, "least", "greatest",
                          "each map by its own least and greatest value" +
                              std::string(layout_.ends ? ", which stand below it" : "")};
    const int width = std::max(layout_.whole.width, 320);
    const cv::Mat strip = legend(width, style_.colours, text, {1, 0.45, 1});
    Canvas canvas(width, std::min(layout_.whole.height, kMostSide - strip.rows));
    names(canvas);
    cv::Mat small;
    cv::resize(bgr_, small, layout_.tile, 0, 0, cv::INTER_AREA);
    for (size_t i = 0; i < tiles_.size(); ++i) tile(canvas, i, small.clone());
    cv::Mat out;
    cv::vconcat(canvas.picture(), strip, out);
    return out;
  }

 private:
  void check(const SheetTile& tile) const {
    if (tile.row < 0 || tile.row >= std::ssize(rows_) || tile.column < 0 ||
        tile.column >= std::ssize(columns_))
      fail("contact_sheet: a map at row ", tile.row, ", column ", tile.column, " of ", rows_.size(), " x ",
           columns_.size());
    if (tile.values.empty() || tile.values.type() != CV_32FC1)
      fail("contact_sheet: the map at row ", tile.row, ", column ", tile.column, " has no float32 values");
  }

  Layout layout_of(int side) const {
    constexpr int kLegend = 220;
    const double scale = static_cast<double>(side) / std::max(bgr_.cols, bgr_.rows);
    const auto pixels = [&](int n) { return std::max(1, static_cast<int>(std::lround(n * scale))); };
    Layout l;
    l.tile = l.cell = {pixels(bgr_.cols), pixels(bgr_.rows)};
    l.ends = widest_ends_ <= l.tile.width + 40;
    if (l.ends) l.cell = {std::max(widest_ends_, l.tile.width), l.tile.height + 14};
    l.upward = widest_column_ > l.cell.width;
    if (l.upward) l.cell.width = std::max(l.cell.width, Canvas::text_size("Ag|", kNames).height);
    l.cell.height = std::max(l.cell.height, Canvas::text_size("Ag|", kNames).height);
    l.left = 2 * kMargin + widest_row_;
    l.top = 2 * kMargin + (l.upward ? widest_column_ : Canvas::text_size("Ag|", kNames).height);
    const cv::Point end = l.at(static_cast<int>(rows_.size()), static_cast<int>(columns_.size()));
    l.whole = {end.x + kMargin, end.y};
    if (l.whole.height + kLegend > kMostSide) l.whole.width = kMostSide + 1;  // does not fit
    return l;
  }

  void choose_layout() {
    for (int side = kMostTile; side >= kLeastTile; side -= 2) {
      layout_ = layout_of(side);
      if (layout_.whole.width <= kMostSide) return;
    }
    fail("contact_sheet: ", rows_.size(), " x ", columns_.size(), " maps do not fit into ", kMostSide,
         " pixels a side; choose fewer layers or heads");
  }

  void names(Canvas& canvas) const {
    for (int row = 0; row < std::ssize(rows_); ++row)
      canvas.text(rows_[static_cast<size_t>(row)],
                  {layout_.left - kMargin, layout_.at(row, 0).y + layout_.tile.height / 2}, Align::kRight,
                  kNames);
    for (int column = 0; column < std::ssize(columns_); ++column) {
      const int centre = layout_.at(0, column).x + layout_.cell.width / 2;
      const std::string& name = columns_[static_cast<size_t>(column)];
      if (layout_.upward)
        canvas.upward_text(name, {centre, layout_.top - 4}, kNames);
      else
        canvas.text(name, {centre, layout_.top / 2}, Align::kCentre, kNames);
    }
  }

  void tile(Canvas& canvas, size_t i, cv::Mat small) const {
    const SheetTile& one = tiles_[i];
    const cv::Point corner = layout_.at(one.row, one.column);
    const cv::Rect place({corner.x + (layout_.cell.width - layout_.tile.width) / 2, corner.y}, layout_.tile);
    cv::Mat values;
    const bool shrinks = one.values.cols >= layout_.tile.width && one.values.rows >= layout_.tile.height;
    cv::resize(one.values, values, layout_.tile, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
    mix_colours(small, values, ranges_[i], style_);
    if (style_.at)
      mark(small, {style_.at->x * small.cols / bgr_.cols, style_.at->y * small.rows / bgr_.rows});
    small.copyTo(canvas.picture()(place));
    if (layout_.ends)
      canvas.text(ends_[i], {corner.x + layout_.cell.width / 2, place.y + place.height + 7}, Align::kCentre,
                  kEnds);
  }

  const cv::Mat& bgr_;
  std::span<const SheetTile> tiles_;
  std::vector<std::string> rows_, columns_;
  const OverlayStyle& style_;
  std::vector<ValueRange> ranges_;
  std::vector<std::string> ends_;
  int widest_row_ = 0, widest_column_ = 0, widest_ends_ = 0;
  Layout layout_;
};

}  // namespace

cv::Mat contact_sheet(const cv::Mat& bgr, std::span<const SheetTile> tiles,
                      const std::vector<std::string>& rows, const std::vector<std::string>& columns,
                      const OverlayStyle& style) {
  if (bgr.empty() || bgr.type() != CV_8UC3) fail("contact_sheet: the picture is not 8-bit BGR");
  if (rows.empty() || columns.empty()) fail("contact_sheet: there are no rows or no columns");
  return Sheet(bgr, tiles, rows, columns, style).draw();
}

}  // namespace fovea
