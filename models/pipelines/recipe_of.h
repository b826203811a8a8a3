#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "models/model_info.h"
#include "vision/recipe.h"

namespace fovea {

// The preprocessing of a checkpoint folder: preprocessor_config.json if it is there, else timm's
// pretrained_cfg in config.json, else what the library does for such a model by default at the size it was
// trained for.
Recipe recipe_of(const std::filesystem::path& folder, const ModelInfo& info);

// The same steps for pictures of another size; a crop keeps its share of what it is cut from.
Recipe resized(Recipe recipe, int64_t height, int64_t width);

// None if there is no such file; fails if it cannot be read or is huge.
std::optional<std::string> read_text(const std::filesystem::path& file);
std::string licence_of(const std::string& readme);  // `license:` of a model card's front matter, or empty

}  // namespace fovea
