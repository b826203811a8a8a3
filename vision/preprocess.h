#pragma once
#include <opencv2/core.hpp>
#include <span>

#include "attention/tensor/tensor.h"
#include "vision/recipe.h"

namespace fovea {

// One picture (8UC3, red first) through a recipe, to [recipe.height(), recipe.width(), 3] at `out`. Bit for
// bit what the processors of transformers that use Pillow, and timm's evaluation transforms, make of it.
void preprocess(const cv::Mat& rgb, const Recipe& recipe, float* out);

// The same for many: [B, recipe.height(), recipe.width(), 3].
Tensor make_batch(std::span<const cv::Mat> images, const Recipe& recipe);

}  // namespace fovea
