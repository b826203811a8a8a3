#include "vision/detector_recipe.h"

#include <optional>
#include <vector>

namespace fovea {
namespace {

constexpr int64_t kShortest = 800, kLongest = 1333, kFixed = 640;

constexpr DetectorDefaults kDefaults[] = {
    {"Detr", false, 1, true, true, true},           {"ConditionalDetr", false, 1, true, true, true},
    {"DeformableDetr", false, 1, true, true, true}, {"Yolos", false, 16, true, true, false},
    {"RTDetr", true, 1, false, false, true},
};

// `size` as an object: one of three pairs of keys.
void read_size_object(const RecipeJson& size, Recipe& recipe) {
  struct Pair {
    const char *first, *second;
    Recipe::Fit fit;
  };
  constexpr Pair kPairs[] = {{"shortest_edge", "longest_edge", Recipe::Fit::kShortestLongest},
                             {"max_height", "max_width", Recipe::Fit::kWithin},
                             {"height", "width", Recipe::Fit::kSquash}};
  for (const auto& [first, second, fit] : kPairs) {
    if (!size.has(first) || !size.has(second)) continue;
    recipe.fit = fit;
    recipe.resize_height = size.side(first);
    recipe.resize_width = size.side(second);
    return;
  }
  size.reject("size",
              "has neither shortest_edge and longest_edge nor max_height and max_width nor height and width");
}

// Files of an older library say `size` as the shorter side and `max_size` as the longer one's limit.
void read_size(const RecipeJson& json, const DetectorDefaults& defaults, Recipe& recipe) {
  recipe.fit = defaults.fixed ? Recipe::Fit::kSquash : Recipe::Fit::kShortestLongest;
  recipe.resize_height = defaults.fixed ? kFixed : kShortest;
  recipe.resize_width = defaults.fixed ? kFixed : kLongest;
  if (!json.has("size")) return;
  if (const auto size = json.part("size")) return read_size_object(*size, recipe);
  if (const std::vector<int64_t> sides = json.sides("size"); sides.size() == 2) {
    recipe.fit = Recipe::Fit::kSquash;
    recipe.resize_height = sides[0];
    recipe.resize_width = sides[1];
    return;
  }
  recipe.resize_height = json.side("size");
  if (defaults.fixed) json.reject("size", "is one number; give height and width");
  if (json.has("max_size")) recipe.resize_width = json.side("max_size");
}

void read_padding(const RecipeJson& json, const DetectorDefaults& defaults, Recipe& recipe) {
  recipe.pad = json.flag("pad_and_return_pixel_mask", json.flag("do_pad", defaults.pad));
  recipe.hide_padding = defaults.hide_padding;
  if (!json.has("pad_size")) return;
  const auto size = json.part("pad_size");
  if (!size || !size->has("height") || !size->has("width"))
    json.reject("pad_size", "has no height and width");
  recipe.pad_height = size->side("height");
  recipe.pad_width = size->side("width");
}

}  // namespace

const DetectorDefaults* detector_defaults(const std::string& family) {
  for (const DetectorDefaults& defaults : kDefaults)
    if (family == defaults.family) return &defaults;
  return nullptr;
}

Recipe detector_recipe(const RecipeJson& json, const DetectorDefaults& defaults) {
  Recipe recipe;
  recipe.filter = Filter::kBilinear;
  recipe.normalise = defaults.normalise;
  recipe.mean = {0.485, 0.456, 0.406};
  recipe.stddev = {0.229, 0.224, 0.225};
  read_size(json, defaults, recipe);
  if (!json.flag("do_resize", true)) recipe.fit = Recipe::Fit::kKeep;
  if (recipe.fit == Recipe::Fit::kShortestLongest) recipe.multiple = defaults.multiple;
  read_padding(json, defaults, recipe);
  json.read_values(recipe);
  check_recipe(recipe, kTransformersFile);
  return recipe;
}

}  // namespace fovea
