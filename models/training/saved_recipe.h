#pragma once
#include <string>

#include "models/trainable_model.h"
#include "vision/recipe.h"

namespace fovea {

// How a network's pictures are prepared: as the folder of its config says, or, for a config alone, resized to
// its input by Pillow's bicubic filter and normalised by ImageNet's mean and deviation. `height` and
// `width`: of the input, 0 for what it says. What a preprocessor_config.json cannot say of a recipe is left
// out, so that a saved model sees pictures as it did in training.
Recipe training_recipe(const std::filesystem::path& path, const TrainableModel& model, int64_t height,
                       int64_t width);

// The text of a preprocessor_config.json. `processor`: a detector's class of transformers, see
// processor_of(); empty: one that can say the recipe.
std::string preprocessor_config(const Recipe& recipe, const std::string& processor = "");

}  // namespace fovea
