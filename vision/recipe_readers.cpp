#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "attention/base/error.h"
#include "vision/recipe.h"

namespace fovea {
namespace {

constexpr size_t kMostBytes = 4 << 20;
constexpr int kMostDepth = 32;
constexpr int64_t kLongestSide = 8192;

// Checked reads of a preprocessing config. `what` names the file in messages.
class RecipeJson {
 public:
  RecipeJson(std::string_view text, const char* what);  // an object, of reasonable size and depth
  RecipeJson(nlohmann::json object, const char* what) : object_(std::move(object)), what_(what) {}

  bool has(const char* key) const;  // present and not null
  const nlohmann::json& at(const char* key) const { return object_.at(key); }
  bool flag(const char* key, bool otherwise) const;
  double number(const char* key, double otherwise) const;
  std::string text(const char* key, const char* otherwise) const;
  std::array<double, 3> triple(const char* key, std::array<double, 3> otherwise) const;
  int64_t side(const nlohmann::json& value, const char* key) const;  // a length in pixels, 1 to 8192
  [[noreturn]] void reject(const char* key, const char* reason) const;

 private:
  nlohmann::json object_;
  const char* what_;
};

RecipeJson::RecipeJson(std::string_view text, const char* what) : what_(what) {
  if (text.size() > kMostBytes)
    fail(what, ": ", text.size(), " bytes are too many for a config; use the file of the checkpoint");
  const auto shallow = [what](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kMostDepth)
      fail(what, ": nested deeper than ", kMostDepth, "; use the file of the checkpoint");
    return true;
  };
  try {
    object_ = nlohmann::json::parse(text, shallow);
  } catch (const nlohmann::json::exception&) {
    fail(what, ": not valid JSON; download the file again");
  }
  if (!object_.is_object()) fail(what, ": not a JSON object; use the file of the checkpoint");
}

bool RecipeJson::has(const char* key) const {
  const auto found = object_.find(key);
  return found != object_.end() && !found->is_null();
}

void RecipeJson::reject(const char* key, const char* reason) const {
  fail(what_, ": \"", key, "\" ", reason, "; correct it or use another checkpoint");
}

bool RecipeJson::flag(const char* key, bool otherwise) const {
  if (!has(key)) return otherwise;
  if (!at(key).is_boolean()) reject(key, "is not true or false");
  return at(key).get<bool>();
}

double RecipeJson::number(const char* key, double otherwise) const {
  if (!has(key)) return otherwise;
  if (!at(key).is_number()) reject(key, "is not a number");
  return at(key).get<double>();
}

std::string RecipeJson::text(const char* key, const char* otherwise) const {
  if (!has(key)) return otherwise;
  if (!at(key).is_string()) reject(key, "is not a string");
  return at(key).get<std::string>();
}

std::array<double, 3> RecipeJson::triple(const char* key, std::array<double, 3> otherwise) const {
  if (!has(key)) return otherwise;
  const nlohmann::json& list = at(key);
  if (!list.is_array() || list.size() != 3)
    reject(key, "is not a list of three numbers (one for red, green and blue)");
  for (size_t i = 0; i < 3; ++i) {
    if (!list[i].is_number()) reject(key, "is not a list of three numbers (one for red, green and blue)");
    otherwise[i] = list[i].get<double>();
  }
  return otherwise;
}

int64_t RecipeJson::side(const nlohmann::json& value, const char* key) const {
  if (!value.is_number_integer() || value.get<double>() < 1 || value.get<double>() > kLongestSide)
    reject(key, "is not a length from 1 to 8192 pixels");
  return value.get<int64_t>();
}

// Fails unless the numbers of a recipe make sense.
void check_recipe(const Recipe& r, const char* what) {
  const auto sane = [](int64_t side) { return side >= 1 && side <= kLongestSide; };
  if (!sane(r.resize_height) || !sane(r.resize_width) || !sane(r.crop_height) || !sane(r.crop_width))
    fail(what, ": a side of ", r.resize_height, " x ", r.resize_width, " or its crop is not 1 to ",
         kLongestSide, " pixels; correct the sizes");
  if (!std::isfinite(r.rescale)) fail(what, ": the rescale factor is not finite; correct it");
  for (int c = 0; c < 3; ++c)
    if (!std::isfinite(r.mean[c]) || !std::isfinite(r.stddev[c]) || static_cast<float>(r.stddev[c]) == 0)
      fail(what, ": mean ", r.mean[c], " and standard deviation ", r.stddev[c],
           " cannot normalise; the latter must not be 0");
}

constexpr const char* kTransformersFile = "preprocessor_config.json";
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
};
constexpr Defaults kDefaults[] = {
    {"ViT", 224, false, Filter::kBilinear, false, kHalf, kHalf},
    {"DeiT", 256, false, Filter::kBicubic, true, kImageNetMean, kImageNetStd},
    {"CLIP", 224, true, Filter::kBicubic, true, kClipMean, kClipStd},
    {"Bit", 224, true, Filter::kBicubic, true, kClipMean, kClipStd},
    {"ConvNext", 384, true, Filter::kBilinear, false, kHalf, kHalf, 224.0 / 256},
};
constexpr int64_t kDefaultCrop = 224;

// A file of any age names its class as one of these.
const Defaults& defaults_for(const RecipeJson& json, const std::string& otherwise) {
  const std::string type =
      json.text("image_processor_type", json.text("feature_extractor_type", otherwise.c_str()).c_str());
  for (const Defaults& defaults : kDefaults)
    for (const char* suffix : {"ImageProcessor", "ImageProcessorFast", "FeatureExtractor"})
      if (type == std::string(defaults.family) + suffix) return defaults;
  fail(kTransformersFile, ": image processor \"", type,
       "\" is not known here; those of ViT, DeiT, CLIP, Bit and ConvNext are");
}

void read_size(const RecipeJson& json, const Defaults& defaults, Recipe& recipe) {
  recipe.fit = defaults.shortest_edge ? Recipe::Fit::kShortestEdge : Recipe::Fit::kSquash;
  recipe.resize_height = recipe.resize_width = defaults.size;
  if (!json.has("size")) return;
  const nlohmann::json& size = json.at("size");
  if (size.is_object() && size.contains("shortest_edge")) {
    if (size.contains("longest_edge"))
      json.reject("size", "has a longest_edge, which gives pictures of many sizes");
    recipe.fit = Recipe::Fit::kShortestEdge;
    recipe.resize_height = recipe.resize_width = json.side(size.at("shortest_edge"), "size");
  } else if (size.is_object()) {
    if (!size.contains("height") || !size.contains("width"))
      json.reject("size", "has neither height and width nor shortest_edge");
    recipe.fit = Recipe::Fit::kSquash;
    recipe.resize_height = json.side(size.at("height"), "size");
    recipe.resize_width = json.side(size.at("width"), "size");
  } else {
    recipe.resize_height = recipe.resize_width = json.side(size, "size");
  }
}

void read_crop(const RecipeJson& json, const Defaults& defaults, Recipe& recipe) {
  recipe.crop = json.flag("do_center_crop", defaults.crop);
  recipe.crop_height = recipe.crop_width = kDefaultCrop;
  if (!json.has("crop_size")) return;
  const nlohmann::json& size = json.at("crop_size");
  if (size.is_object()) {
    if (!size.contains("height") || !size.contains("width"))
      json.reject("crop_size", "has no height and width");
    recipe.crop_height = json.side(size.at("height"), "crop_size");
    recipe.crop_width = json.side(size.at("width"), "crop_size");
  } else {
    recipe.crop_height = recipe.crop_width = json.side(size, "crop_size");
  }
}

// Below 384 a crop of the picture's middle; from there on the whole, squashed.
void read_crop_pct(const RecipeJson& json, const Defaults& defaults, Recipe& recipe) {
  constexpr int64_t kSquashedFrom = 384;
  const double share = json.number("crop_pct", defaults.crop_pct);
  if (!(share > 0.01 && share <= 1)) json.reject("crop_pct", "is not a share of the picture");
  if (json.has("size") && json.at("size").is_object() && !json.at("size").contains("shortest_edge"))
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
  const Defaults& defaults = defaults_for(json, otherwise);
  Recipe recipe;
  read_size(json, defaults, recipe);
  if (defaults.crop_pct > 0) {
    read_crop_pct(json, defaults, recipe);
  } else {
    read_crop(json, defaults, recipe);
  }
  if (!json.flag("do_resize", true)) recipe.fit = Recipe::Fit::kKeep;
  if (recipe.fit == Recipe::Fit::kShortestEdge && !recipe.crop)
    json.reject("do_center_crop", "is off while \"size\" is a shortest edge: pictures would differ in size");
  const double resample = json.number("resample", static_cast<double>(defaults.filter));
  if (!(resample >= 0 && resample <= 5) || resample != static_cast<int>(resample))
    json.reject("resample", "is none of Pillow's filters, 0 to 5");
  recipe.filter = static_cast<Filter>(static_cast<int>(resample));
  recipe.rescale = json.flag("do_rescale", true) ? json.number("rescale_factor", 1.0 / 255) : 1;
  recipe.normalise = json.flag("do_normalize", true);
  recipe.mean = json.triple("image_mean", defaults.mean);
  recipe.stddev = json.triple("image_std", defaults.stddev);
  check_recipe(recipe, kTransformersFile);
  return recipe;
}

Recipe recipe_from_timm(std::string_view text) {
  const RecipeJson whole(text, kTimmFile);
  if (whole.has("pretrained_cfg") && !whole.at("pretrained_cfg").is_object())
    whole.reject("pretrained_cfg", "is not an object");
  const RecipeJson json =
      whole.has("pretrained_cfg") ? RecipeJson(whole.at("pretrained_cfg"), kTimmFile) : whole;
  Recipe recipe;
  if (json.has("input_size")) {
    const nlohmann::json& size = json.at("input_size");
    if (!size.is_array() || size.size() != 3 || size[0] != 3)
      json.reject("input_size", "is not [3, height, width]");
    recipe.crop_height = json.side(size[1], "input_size");
    recipe.crop_width = json.side(size[2], "input_size");
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
