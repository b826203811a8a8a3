#include "vision/frame_place.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "vision/framed_batch.h"
#include "vision/resized_size.h"

namespace fovea {
namespace {

// What one pixel of the picture reads along one axis of the grid: lerp(first, second, share).
struct Reading {
  int first = 0, second = 0;
  double share = 0;
  bool seen = false;
};

// The centre of each of `pixels` pixels of the picture, among `cells` cells over `frame` pixels.
std::vector<Reading> readings_of(int pixels, int cells, int frame, double scale, double shift) {
  std::vector<Reading> readings(static_cast<size_t>(pixels));
  for (int i = 0; i < pixels; ++i) {
    const double at = (i + 0.5) * scale + shift;
    const double cell = std::clamp(at / frame * cells - 0.5, 0.0, cells - 1.0);
    const int first = static_cast<int>(cell);
    readings[static_cast<size_t>(i)] = {first, std::min(first + 1, cells - 1), cell - first,
                                        at >= 0 && at <= frame};
  }
  return readings;
}

// A cell that has no part in a pixel does not spoil it, whatever it holds.
double lerp(double a, double b, double share) {
  return share == 0 ? a : a + (b - a) * share;
}

}  // namespace

cv::Point2d FramePlace::to_frame(cv::Point2d at) const {
  return {at.x * scale_x + shift_x, at.y * scale_y + shift_y};
}

cv::Point2d FramePlace::to_picture(cv::Point2d at) const {
  return {(at.x - shift_x) / scale_x, (at.y - shift_y) / scale_y};
}

cv::Rect2d FramePlace::seen() const {
  const cv::Point2d first = to_picture({0, 0});
  const cv::Point2d last = to_picture(cv::Point2d(frame.width, frame.height));
  const cv::Point2d from(std::max(first.x, 0.0), std::max(first.y, 0.0));
  const cv::Point2d to(std::min(last.x, static_cast<double>(picture.width)),
                       std::min(last.y, static_cast<double>(picture.height)));
  return {from, to};
}

FramePlace place_in_frame(cv::Size picture, const Recipe& recipe, cv::Size frame) {
  const cv::Size resized = resized_size(picture, recipe);
  FramePlace place{.picture = picture,
                   .frame = resized,
                   .scale_x = static_cast<double>(resized.width) / picture.width,
                   .scale_y = static_cast<double>(resized.height) / picture.height};
  if (recipe.crop) {
    place.frame = {static_cast<int>(recipe.width()), static_cast<int>(recipe.height())};
    place.shift_x = -static_cast<double>(crop_start(resized.width, recipe.width(), recipe.crop_rounding));
    place.shift_y = -static_cast<double>(crop_start(resized.height, recipe.height(), recipe.crop_rounding));
  }
  const cv::Size least = place.frame;
  place.frame = frame.empty() ? frame_size({&least, 1}, recipe) : frame;
  if (place.frame.width < least.width || place.frame.height < least.height)
    fail("place_in_frame: a picture that becomes ", least.width, " x ", least.height,
         " does not fit into a frame of ", place.frame.width, " x ", place.frame.height);
  return place;
}

cv::Mat grid_to_picture(const cv::Mat& grid, const FramePlace& place) {
  if (grid.empty() || grid.type() != CV_32FC1) fail("grid_to_picture: the grid holds no float32 values");
  if (place.picture.empty() || place.frame.empty()) fail("grid_to_picture: the picture's place is empty");
  const auto columns =
      readings_of(place.picture.width, grid.cols, place.frame.width, place.scale_x, place.shift_x);
  const auto rows =
      readings_of(place.picture.height, grid.rows, place.frame.height, place.scale_y, place.shift_y);
  cv::Mat values(place.picture, CV_32FC1, cv::Scalar(std::numeric_limits<float>::quiet_NaN()));
  parallel_for(place.picture.height, 32, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      const Reading& row = rows[static_cast<size_t>(y)];
      if (!row.seen) continue;
      const float *upper = grid.ptr<float>(row.first), *lower = grid.ptr<float>(row.second);
      float* out = values.ptr<float>(static_cast<int>(y));
      for (const Reading& column : columns) {
        const double above = lerp(upper[column.first], upper[column.second], column.share);
        const double below = lerp(lower[column.first], lower[column.second], column.share);
        if (column.seen) *out = static_cast<float>(lerp(above, below, row.share));
        ++out;
      }
    }
  });
  return values;
}

}  // namespace fovea
