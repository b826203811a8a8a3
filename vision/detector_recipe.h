#pragma once
#include <string>

#include "vision/recipe.h"
#include "vision/recipe_json.h"

namespace fovea {

// What a detector's class of transformers does when the file leaves a key out.
struct DetectorDefaults {
  const char* family;
  bool fixed;        // 640 x 640; else 800 for the shorter side, 1333 for the longer
  int64_t multiple;  // see Recipe
  bool normalise, pad, hide_padding;
};
const DetectorDefaults* detector_defaults(const std::string& family);  // null for another family

Recipe detector_recipe(const RecipeJson& json, const DetectorDefaults& defaults);

}  // namespace fovea
