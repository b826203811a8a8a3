#pragma once
#include <opencv2/core.hpp>

#include "vision/recipe.h"

namespace fovea {

// What a recipe resizes a picture to, before a crop. Fails where nothing would be left of a side.
cv::Size resized_size(cv::Size picture, const Recipe& recipe);

}  // namespace fovea
