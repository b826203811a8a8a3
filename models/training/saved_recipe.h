#pragma once
#include <string>

#include "models/trainable_network.h"
#include "vision/recipe.h"

namespace fovea {

// How a network's pictures are prepared: as the folder of its config says, or, for a config alone, resized to
// its input by Pillow's bicubic filter and normalised by ImageNet's mean and deviation. `size`: of the input,
// 0 for what it says. What a preprocessor_config.json cannot say of a recipe is left out, so that a saved
// model sees pictures as it did in training.
Recipe training_recipe(const std::filesystem::path& model, const TrainableNetwork& network, int64_t size);

// The text of a preprocessor_config.json.
std::string preprocessor_config(const Recipe& recipe);

}  // namespace fovea
