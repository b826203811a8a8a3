#pragma once
#include <cstdint>
#include <functional>
#include <opencv2/core.hpp>

#include "attention/base/rng.h"
#include "vision/detection_batches.h"
#include "vision/labelled_picture.h"
#include "vision/recipe.h"

namespace fovea {

void check(const DetectionAugmentation& augmentation);  // fails on a value out of its range

// A part of what a picture becomes: resized to `canvas`, whose top left corner lies at `at` of a part of
// `size`; what the picture leaves free is the recipe's mean. Boxes are cut and dropped as within() does.
LabelledPicture placed(const LabelledPicture& picture, cv::Size canvas, cv::Point at, cv::Size size,
                       const Recipe& recipe, double least_share);

// A picture varied as `how` says, resized as the recipe says. `others`: gives a picture for a mosaic, drawn
// with the Rng it is handed; it may fail, and then there is no mosaic.
LabelledPicture augment(const LabelledPicture& picture, const Recipe& recipe,
                        const DetectionAugmentation& how, const std::function<LabelledPicture(Rng&)>& others,
                        Rng& rng);

}  // namespace fovea
