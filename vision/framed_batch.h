#pragma once
#include <opencv2/core.hpp>
#include <span>

#include "attention/tensor/tensor.h"
#include "vision/normaliser.h"
#include "vision/recipe.h"

namespace fovea {

// Pictures of several sizes, each in the top left corner of its frame.
struct FramedBatch {
  Tensor images;   // [B, H, W, 3]; 0 where there is no picture
  Tensor padding;  // [B, H, W], 1 where there is no picture; none if there is none such, or it is not hidden
};

// Pictures (8UC3, upright) through a recipe. Bit for bit what the processors of transformers that use Pillow
// make of them.
FramedBatch make_framed_batch(std::span<const cv::Mat> images, const Recipe& recipe);

// The size of the frame of pictures that were resized to these sizes, and pictures resized already, framed.
cv::Size frame_size(std::span<const cv::Size> resized, const Recipe& recipe);
FramedBatch framed(std::span<const cv::Mat> resized, const Recipe& recipe, const Normaliser& normalise);

}  // namespace fovea
