#pragma once
#include <opencv2/core.hpp>

#include "vision/recipe.h"

namespace fovea {

// Where a picture lies in the frame that a model sees of it: resized, cropped, or in the top left corner with
// padding. x in the frame = x in the picture * scale_x + shift_x; likewise y. Edges of pixels, not centres.
struct FramePlace {
  cv::Size picture, frame;
  double scale_x = 1, scale_y = 1, shift_x = 0, shift_y = 0;

  cv::Point2d to_frame(cv::Point2d picture_point) const;
  cv::Point2d to_picture(cv::Point2d frame_point) const;
  cv::Rect2d seen() const;  // what of the picture the frame shows
};

// `frame`: of the batch the picture was in; empty: the recipe's own for this picture alone.
FramePlace place_in_frame(cv::Size picture, const Recipe& recipe, cv::Size frame = {});

// A grid of values over the whole frame (CV_32F) -> one value for each pixel of the picture (CV_32F),
// bilinear between the cells' centres; NaN where the frame does not show it.
cv::Mat grid_to_picture(const cv::Mat& grid, const FramePlace& place);

}  // namespace fovea
