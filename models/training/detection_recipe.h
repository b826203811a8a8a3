#pragma once
#include <filesystem>

#include "models/trainable_model.h"
#include "vision/annotations.h"
#include "vision/recipe.h"

namespace fovea {

struct FrameSize {
  int64_t height = 0, width = 0;  // 0: what the model says, or suits the pictures
};

// How a detector's pictures are prepared: as the folder of its config says, or, for a config alone, resized
// to a frame of the pictures' usual proportions, at most 512 long and their own size; normalised by
// ImageNet's mean and deviation. With a size, every picture is resized to just that.
Recipe detection_recipe(const std::filesystem::path& path, const TrainableModel& model,
                        const AnnotatedPictures& pictures, const FrameSize& size);

}  // namespace fovea
