#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "attention/base/error.h"
#include "vision/detector_recipe.h"
#include "vision/recipe_json.h"

namespace fovea {
namespace {

constexpr std::array<double, 3> kHalf{0.5, 0.5, 0.5}, kImageNetMean{0.485, 0.456, 0.406},
    kImageNetStd{0.229, 0.224, 0.225}, kClipMean{0.48145466, 0.4578275, 0.40821073},
    kClipStd{0.26862954, 0.26130258, 0.27577711};

// What a class of transformers does when the file leaves a key out.
struct Defaults {
  const char* family;
  int64_t size;
  bool shortest_edge;  // a plain number as `size` means the shorter side
  Filter filter;
  bool crop;
  std::array<double, 3> mean, stddev;
  double crop_pct = 0;  // the share of the shorter side that is kept of small pictures; 0: the class has none
  bool crops = true;    // false: the class knows no do_center_crop; its fast kin does
};
constexpr Defaults kDefaults[] = {
    {"ViT", 224, false, Filter::kBilinear, false, kHalf, kHalf, 0, false},
    {"DeiT", 256, false, Filter::kBicubic, true, kHalf, kHalf},
    {"CLIP", 224, true, Filter::kBicubic, true, kClipMean, kClipStd},
    {"Bit", 224, true, Filter::kBicubic, true, kClipMean, kClipStd},
    {"Beit", 256, false, Filter::kBicubic, true, kHalf, kHalf},
    {"Siglip", 224, false, Filter::kBicubic, false, kHalf, kHalf, 0, false},
    {"Segformer", 512, false, Filter::kBilinear, false, kImageNetMean, kImageNetStd, 0, false},
    {"MobileNetV1", 256, true, Filter::kBilinear, true, kHalf, kHalf},
    {"MobileNetV2", 256, true, Filter::kBilinear, true, kHalf, kHalf},
    {"ConvNext", 384, true, Filter::kBilinear, false, kHalf, kHalf, 224.0 / 256},
};
constexpr int64_t kDefaultCrop = 224;

// A file of any age names its class as a family's; empty for another name.
std::string family_of(const std::string& processor) {
  for (const char* suffix : {"ImageProcessor", "ImageProcessorFast", "FeatureExtractor"})
    if (processor.ends_with(suffix)) return processor.substr(0, processor.size() - std::strlen(suffix));
  return "";
}

const Defaults& defaults_for(const std::string& family, const std::string& processor) {
  for (const Defaults& defaults : kDefaults)
    if (family == defaults.family) return defaults;
  fail(kTransformersFile, ": image processor \"", processor,
       "\" is not known here; those of ViT, DeiT, CLIP, Bit, Beit, Siglip, Segformer, MobileNetV1, "
       "MobileNetV2, ConvNext, Detr, ConditionalDetr, DeformableDetr, Yolos and RTDetr are");
}

void read_size(const RecipeJson& json, const Defaults& defaults, Recipe& recipe) {
  recipe.fit = defaults.shortest_edge ? Recipe::Fit::kShortestEdge : Recipe::Fit::kSquash;
  recipe.resize_height = recipe.resize_width = defaults.size;
  if (!json.has("size")) return;
  const std::optional<RecipeJson> size = json.part("size");
  if (size && size->has("shortest_edge")) {
    if (size->has("longest_edge"))
      json.reject("size", "has a longest_edge, which gives pictures of many sizes");
    recipe.fit = Recipe::Fit::kShortestEdge;
    recipe.resize_height = recipe.resize_width = size->side("shortest_edge");
  } else if (size) {
    if (!size->has("height") || !size->has("width"))
      json.reject("size", "has neither height and width nor shortest_edge");
    recipe.fit = Recipe::Fit::kSquash;
    recipe.resize_height = size->side("height");
    recipe.resize_width = size->side("width");
  } else if (const std::vector<int64_t> sides = json.sides("size"); sides.size() == 2) {
    recipe.fit = Recipe::Fit::kSquash;
    recipe.resize_height = sides[0];
    recipe.resize_width = sides[1];
  } else {
    recipe.resize_height = recipe.resize_width = json.side("size");
  }
}

void read_crop(const RecipeJson& json, const Defaults& defaults, Recipe& recipe) {
  recipe.crop = json.flag("do_center_crop", defaults.crop);
  recipe.crop_height = recipe.crop_width = kDefaultCrop;
  if (!json.has("crop_size")) return;
  if (const std::optional<RecipeJson> size = json.part("crop_size")) {
    if (!size->has("height") || !size->has("width")) json.reject("crop_size", "has no height and width");
    recipe.crop_height = size->side("height");
    recipe.crop_width = size->side("width");
  } else if (const std::vector<int64_t> sides = json.sides("crop_size"); sides.size() == 2) {
    recipe.crop_height = sides[0];
    recipe.crop_width = sides[1];
  } else {
    recipe.crop_height = recipe.crop_width = json.side("crop_size");
  }
}

// Below 384 a crop of the picture's middle; from there on the whole, squashed.
void read_crop_pct(const RecipeJson& json, const Defaults& defaults, Recipe& recipe) {
  constexpr int64_t kSquashedFrom = 384;
  const double share = json.number("crop_pct", defaults.crop_pct);
  if (!(share > 0.01 && share <= 1)) json.reject("crop_pct", "is not a share of the picture");
  if (const auto whole = json.part("size"); whole && !whole->has("shortest_edge"))
    json.reject("size", "has no shortest_edge");
  const int64_t size = recipe.resize_height;
  recipe.crop = size < kSquashedFrom;
  recipe.crop_height = recipe.crop_width = size;
  if (!recipe.crop) {
    recipe.fit = Recipe::Fit::kSquash;
    return;
  }
  recipe.resize_height = recipe.resize_width = static_cast<int64_t>(static_cast<double>(size) / share);
}

constexpr const char* kTimmFile = "config.json";

Filter filter_named(const std::string& name) {
  struct Named {
    const char* name;
    Filter filter;
  };
  // "random" is a choice of training; Pillow's bilinear stands in.
  constexpr Named kNames[] = {{"bilinear", Filter::kBilinear}, {"bicubic", Filter::kBicubic},
                              {"lanczos", Filter::kLanczos},   {"nearest", Filter::kNearest},
                              {"box", Filter::kBox},           {"hamming", Filter::kHamming},
                              {"random", Filter::kBilinear}};
  for (const Named& named : kNames)
    if (name == named.name) return named.filter;
  fail(kTimmFile, ": interpolation \"", name,
       "\" is not known; use bilinear, bicubic, lanczos, nearest, box or hamming");
}

// timm.data.transforms_factory.transforms_imagenet_eval.
void set_fit(Recipe& recipe, const std::string& mode) {
  if (mode == "squash") {
    recipe.fit = Recipe::Fit::kSquash;
  } else if (mode == "border") {
    recipe.fit = Recipe::Fit::kBorder;
    for (size_t c = 0; c < 3; ++c)
      recipe.fill[c] = static_cast<uint8_t>(std::clamp(std::nearbyint(255 * recipe.mean[c]), 0.0, 255.0));
  } else if (mode == "center") {
    const bool square = recipe.resize_height == recipe.resize_width;
    recipe.fit = square ? Recipe::Fit::kShortestEdge : Recipe::Fit::kCover;
    if (!square) recipe.filter = Filter::kBilinear;  // timm does not hand the interpolation on here
  } else {
    fail(kTimmFile, ": crop_mode \"", mode, "\" is not known; use center, squash or border");
  }
}

}  // namespace

Recipe recipe_from_transformers(std::string_view text, const std::string& otherwise) {
  const RecipeJson json(text, kTransformersFile);
  const std::string processor =
      json.text("image_processor_type", json.text("feature_extractor_type", otherwise.c_str()).c_str());
  const std::string family = family_of(processor);
  if (const DetectorDefaults* detector = detector_defaults(family)) return detector_recipe(json, *detector);
  const Defaults& defaults = defaults_for(family, processor);
  Recipe recipe;
  read_size(json, defaults, recipe);
  if (defaults.crop_pct > 0) {
    read_crop_pct(json, defaults, recipe);
  } else if (defaults.crops || processor.ends_with("Fast")) {
    read_crop(json, defaults, recipe);
  }
  if (!json.flag("do_resize", true)) {
    recipe.fit = Recipe::Fit::kKeep;
    if (defaults.crop_pct > 0) recipe.crop = false;  // a part of its resizing
  }
  if (recipe.fit == Recipe::Fit::kShortestEdge && !recipe.crop)
    json.reject("do_center_crop", "is off while \"size\" is a shortest edge: pictures would differ in size");
  recipe.filter = defaults.filter;
  recipe.mean = defaults.mean;
  recipe.stddev = defaults.stddev;
  json.read_values(recipe);
  check_recipe(recipe, kTransformersFile);
  return recipe;
}

Recipe recipe_from_timm(std::string_view text) {
  const RecipeJson whole(text, kTimmFile);
  const std::optional<RecipeJson> cfg = whole.part("pretrained_cfg");
  if (whole.has("pretrained_cfg") && !cfg) whole.reject("pretrained_cfg", "is not an object");
  const RecipeJson& json = cfg ? *cfg : whole;
  Recipe recipe;
  if (json.has("input_size")) {
    const std::vector<int64_t> size = json.sides("input_size");
    if (size.size() != 3 || size[0] != 3) json.reject("input_size", "is not [3, height, width]");
    recipe.crop_height = size[1];
    recipe.crop_width = size[2];
  }
  const double part = json.number("crop_pct", 0.875);
  if (!(part > 0.01 && part <= 10)) json.reject("crop_pct", "is not a share of the picture");
  recipe.crop = true;
  recipe.crop_rounding = Recipe::CropRounding::kHalfToEven;
  recipe.apply_exif = false;
  recipe.resize_height = static_cast<int64_t>(std::floor(static_cast<double>(recipe.crop_height) / part));
  recipe.resize_width = static_cast<int64_t>(std::floor(static_cast<double>(recipe.crop_width) / part));
  recipe.filter = filter_named(json.text("interpolation", "bicubic"));
  recipe.mean = json.triple("mean", {0.485, 0.456, 0.406});
  recipe.stddev = json.triple("std", {0.229, 0.224, 0.225});
  check_recipe(recipe, kTimmFile);
  set_fit(recipe, json.text("crop_mode", "center"));
  return recipe;
}

}  // namespace fovea
