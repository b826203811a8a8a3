#pragma once
#include <opencv2/core.hpp>

#include "vision/recipe.h"

namespace fovea {

// What a recipe resizes a picture to, before a crop. Fails where nothing would be left of a side.
cv::Size resized_size(cv::Size picture, const Recipe& recipe);

// Where the centre crop starts along one side of the resized picture; negative: the picture is smaller and
// starts inside the crop.
int64_t crop_start(int64_t side, int64_t crop, Recipe::CropRounding rounding);

}  // namespace fovea
