#pragma once
#include <opencv2/core.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

enum class ColourMap { kViridis, kInferno, kMagma, kCividis, kTurbo };

// How values become colours. The legend says both ends in true values, and this.
struct ValueRange {
  double low = 0, high = 1;
  std::string rule = {};  // "each map by its own least and greatest value"
};
ValueRange range_of(const cv::Mat& values);  // of what is not NaN

// A value for each pixel (CV_32F of the picture's size, NaN: not shown) over a picture (8UC3, blue first),
// with a legend below: colours, true values at the ends, the rule and a title. At least 320 pixels wide.
struct OverlayStyle {
  ColourMap colours = ColourMap::kInferno;
  double opacity = 0.55;
  std::string title = {};
  std::optional<cv::Point2d> at = {};  // pixels of the picture: the query, marked with a cross
};
cv::Mat overlay(const cv::Mat& bgr, const cv::Mat& values, const ValueRange& range,
                const OverlayStyle& style);

// Points that a query looked at: size and colour by weight, from 0 to the ends of `range`; the query itself
// as a cross.
struct WeightedPoint {
  cv::Point2d at;  // pixels of the picture
  double weight = 0;
};
cv::Mat points_overlay(const cv::Mat& bgr, std::span<const WeightedPoint> points, cv::Point2d query,
                       const ValueRange& range, const OverlayStyle& style);

// Many small maps in one picture, by row (layers) and column (heads), all named; each by its own range. At
// most 4096 pixels a side: of very many maps each is smaller.
struct SheetTile {
  int row = 0, column = 0;
  cv::Mat values;  // CV_32F over the picture, of any size, NaN: not shown
};
cv::Mat contact_sheet(const cv::Mat& bgr, std::span<const SheetTile> tiles,
                      const std::vector<std::string>& rows, const std::vector<std::string>& columns,
                      const OverlayStyle& style);

// Values as bars, such as one gate for each channel; `axis`: "channel", what there is one value for;
// `range`: what the bars have room for beside them.
cv::Mat bar_chart(std::span<const float> values, const std::string& title, const std::string& axis,
                  const ValueRange& range = {0, 0});

// A marked place, for overlays of what one point attends to.
void mark(cv::Mat& bgr, cv::Point2d at);

}  // namespace fovea
