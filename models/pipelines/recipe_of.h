#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "models/model_info.h"
#include "models/text_file.h"
#include "vision/recipe.h"

namespace fovea {

// The preprocessing of a checkpoint folder: preprocessor_config.json if it is there, else timm's
// pretrained_cfg in config.json, else what the library does for such a model by default at the size it was
// trained for.
Recipe recipe_of(const std::filesystem::path& folder, const ModelInfo& info);

// The class of transformers that such a model's pictures go through; empty for another library's.
std::string processor_of(const ModelInfo& info);

// The same steps for pictures of another size; a crop keeps its share of what it is cut from, and a
// detector's pictures are all of this size.
Recipe resized(Recipe recipe, int64_t height, int64_t width);

std::string licence_of(const std::string& readme);  // `license:` of a model card's front matter, or empty

// A detector's boxes are shares of the whole picture: fails if such a recipe cuts some of it off.
void expect_whole_pictures(const Recipe& recipe, const std::filesystem::path& folder);

}  // namespace fovea
