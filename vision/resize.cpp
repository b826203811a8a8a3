#include "vision/resize.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "vision/resize_kernel.h"
#include "vision/resize_weights.h"

namespace fovea {
namespace {

constexpr int64_t kTilesPerTask = 4, kRowsPerTask = 16;

// For each output of [begin, end) the input that Pillow takes, or -1. Pillow adds up the step, so its
// rounding adds up too (Geometry.c, ImagingScaleAffine).
std::vector<int64_t> nearest_inputs(int64_t inputs, int64_t outputs, int64_t begin, int64_t end) {
  const double step = static_cast<double>(inputs) / static_cast<double>(outputs);
  double at = step * 0.5;
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < end; ++i, at += step)
    if (i >= begin) chosen.push_back(static_cast<int64_t>(at) < inputs ? static_cast<int64_t>(at) : -1);
  return chosen;
}

cv::Mat resize_nearest(const cv::Mat& image, cv::Size size, cv::Rect part) {
  const std::vector<int64_t> xs = nearest_inputs(image.cols, size.width, part.x, part.x + part.width);
  const std::vector<int64_t> ys = nearest_inputs(image.rows, size.height, part.y, part.y + part.height);
  cv::Mat out = cv::Mat::zeros(part.size(), image.type());
  const size_t pixel = image.elemSize();
  parallel_for(part.height, kRowsPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      if (ys[y] < 0) continue;
      const uint8_t* from = image.ptr(static_cast<int>(ys[y]));
      uint8_t* to = out.ptr(static_cast<int>(y));
      for (size_t x = 0; x < xs.size(); ++x)
        if (xs[x] >= 0) std::memcpy(to + x * pixel, from + static_cast<size_t>(xs[x]) * pixel, pixel);
    }
  });
  return out;
}

cv::Mat columns_u8(const cv::Mat& image, const FixedTaps& taps) {
  cv::Mat out(image.rows, static_cast<int>(taps.first.size()), image.type());
  const int64_t tiles = (image.rows + kTileRows - 1) / kTileRows;
  parallel_for(tiles, kTilesPerTask, [&](int64_t begin, int64_t end) {
    const auto scratch = std::make_unique_for_overwrite<int16_t[]>(
        static_cast<size_t>(resize_scratch(image.cols, image.channels())));
    for (int64_t tile = begin; tile < end; ++tile) {
      const uint8_t* from[kTileRows];
      uint8_t* to[kTileRows];
      for (int r = 0; r < kTileRows; ++r) {  // past the end the last row repeats
        const int y = std::min(static_cast<int>(tile) * kTileRows + r, image.rows - 1);
        from[r] = image.ptr(y);
        to[r] = out.ptr(y);
      }
      resize_columns(from, image.cols, image.channels(), taps, scratch.get(), to);
    }
  });
  return out;
}

cv::Mat rows_u8(const cv::Mat& image, const FixedTaps& taps, int64_t first_row) {
  cv::Mat out(static_cast<int>(taps.first.size()), image.cols, image.type());
  parallel_for(out.rows, kRowsPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      resize_row(image.ptr(static_cast<int>(taps.first[i] - first_row)), static_cast<int64_t>(image.step),
                 taps, i, static_cast<int64_t>(image.cols) * image.channels(), out.ptr(static_cast<int>(i)));
  });
  return out;
}

// Pillow's way for mode "F": double sums, float between the passes.
cv::Mat columns_f32(const cv::Mat& image, const AxisTaps& taps) {
  cv::Mat out(image.rows, static_cast<int>(taps.first.size()), CV_32FC1);
  parallel_for(image.rows, kRowsPerTask, [&](int64_t begin, int64_t end) {
    for (int y = static_cast<int>(begin); y < end; ++y)
      for (int i = 0; i < out.cols; ++i) {
        const float* x = image.ptr<float>(y) + taps.first[i];
        double sum = 0;
        for (int64_t k = 0; k < taps.count[i]; ++k) sum += x[k] * taps.weight[i * taps.stride + k];
        out.at<float>(y, i) = static_cast<float>(sum);
      }
  });
  return out;
}

cv::Mat rows_f32(const cv::Mat& image, const AxisTaps& taps, int64_t first_row) {
  cv::Mat out(static_cast<int>(taps.first.size()), image.cols, CV_32FC1);
  parallel_for(out.rows, kRowsPerTask, [&](int64_t begin, int64_t end) {
    for (int i = static_cast<int>(begin); i < end; ++i)
      for (int x = 0; x < image.cols; ++x) {
        double sum = 0;
        for (int k = 0; k < taps.count[i]; ++k)
          sum += image.at<float>(static_cast<int>(taps.first[i] - first_row) + k, x) *
                 taps.weight[i * taps.stride + k];
        out.at<float>(i, x) = static_cast<float>(sum);
      }
  });
  return out;
}

cv::Mat resize_weighted(const cv::Mat& image, cv::Size size, Filter filter, cv::Rect part) {
  const bool across = size.width != image.cols, down = size.height != image.rows;  // Pillow skips a pass else
  const bool real = image.depth() == CV_32F;
  AxisTaps columns, rows;
  FixedTaps fixed_rows;
  int first_row = part.y, end_row = part.y + part.height;
  if (across) columns = pillow_taps(image.cols, size.width, part.x, part.x + part.width, filter);
  if (down) {
    rows = pillow_taps(image.rows, size.height, part.y, part.y + part.height, filter);
    fixed_rows = fixed_taps(rows);
    first_row = fixed_rows.first.front();  // not above the first tap
    end_row = rows.first.back() + rows.count.back();
  }
  cv::Mat middle = image.rowRange(first_row, end_row);
  if (!across) middle = middle.colRange(part.x, part.x + part.width);
  if (across) middle = real ? columns_f32(middle, columns) : columns_u8(middle, fixed_taps(columns));
  if (!down) return across ? middle : middle.clone();
  fixed_rows.inputs = end_row;
  return real ? rows_f32(middle, rows, first_row) : rows_u8(middle, fixed_rows, first_row);
}

}  // namespace

cv::Mat resize_pillow(const cv::Mat& image, cv::Size size, Filter filter) {
  return resize_pillow(image, size, filter, cv::Rect({0, 0}, size));
}

cv::Mat resize_pillow(const cv::Mat& image, cv::Size size, Filter filter, cv::Rect part) {
  if (image.empty() || (image.type() != CV_8UC1 && image.type() != CV_8UC3 && image.type() != CV_32FC1))
    fail("resize: picture of ", image.cols, " x ", image.rows, ", OpenCV type ", image.type(),
         "; give it one of type 8UC1, 8UC3 or 32FC1");
  const cv::Rect whole({0, 0}, size);
  if (part.empty() || (part & whole) != part)
    fail("resize: part ", part.width, " x ", part.height, " at ", part.x, ",", part.y,
         " is not in the result of ", size.width, " x ", size.height);
  if (size == image.size()) return image(part).clone();
  return filter == Filter::kNearest ? resize_nearest(image, size, part)
                                    : resize_weighted(image, size, filter, part);
}

}  // namespace fovea
