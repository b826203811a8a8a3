#include "models/pipelines/recipe_of.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"

namespace fovea {

std::string licence_of(const std::string& readme) {
  constexpr const char* kAround = " \t\r\"'";
  std::istringstream lines(readme);
  std::string line;
  if (!std::getline(lines, line) || line.substr(0, 3) != "---") return "";
  while (std::getline(lines, line) && line.substr(0, 3) != "---") {
    if (!line.starts_with("license:")) continue;
    const size_t begin = line.find_first_not_of(kAround, 8), end = line.find_last_not_of(kAround);
    return begin == std::string::npos ? "" : line.substr(begin, end - begin + 1);
  }
  return "";
}

namespace {

// Models of transformers, by how their class names begin, and the family of processors they stand behind.
// DETR's authors prepare pictures as transformers' class for it does.
struct Processors {
  const char *model, *family;
  bool detects;
};
constexpr Processors kProcessors[] = {{"ResNet", "ConvNext", false},
                                      {"DeiT", "DeiT", false},
                                      {"ConditionalDetr", "ConditionalDetr", true},
                                      {"DabDetr", "ConditionalDetr", true},
                                      {"DeformableDetr", "DeformableDetr", true},
                                      {"Detr", "Detr", true},
                                      {"TableTransformer", "Detr", true},
                                      {"Yolos", "Yolos", true},
                                      {"RTDetr", "RTDetr", true},
                                      {"DFine", "RTDetr", true}};

constexpr Processors kDetr{"Detr", "Detr", true};

const Processors* find_processors(const ModelInfo& info) {
  if (info.library == "facebookresearch/detr") return &kDetr;
  if (info.library != "transformers") return nullptr;
  for (const Processors& processors : kProcessors)
    if (info.architecture.starts_with(processors.model)) return &processors;
  return nullptr;
}

// A class of transformers has one size by default, whichever model it stands before. DeiT's published weights
// come with other means than the class has.
std::string default_processor(const ModelInfo& info) {
  const std::string processor = processor_of(info);
  nlohmann::json json = nlohmann::json::object();
  if (processor == "ConvNextImageProcessor") json["size"] = info.input_height;
  if (processor == "DeiTImageProcessor") {
    json["image_mean"] = {0.485, 0.456, 0.406};
    json["image_std"] = {0.229, 0.224, 0.225};
  }
  return json.dump();
}

// torchvision's larger ViTs are those of SWAG, whose pictures are not enlarged before the crop.
bool is_swag(const ModelInfo& info) {
  return info.library == "torchvision" && info.architecture.starts_with("vit_") && info.input_height > 224;
}

// transformers' defaults by class; torchvision's ImageNet weights: shorter side to 256 of 224, bilinear,
// ImageNet mean.
Recipe default_recipe(const ModelInfo& info) {
  const Processors* processors = find_processors(info);
  if (processors && processors->detects) return recipe_from_transformers("{}", processor_of(info));
  if (info.library == "transformers")
    return resized(recipe_from_transformers(default_processor(info), processor_of(info)), info.input_height,
                   info.input_width);
  const nlohmann::json timm = {{"input_size", {3, info.input_height, info.input_width}},
                               {"interpolation", is_swag(info) ? "bicubic" : "bilinear"},
                               {"crop_pct", is_swag(info) ? 1.0 : 0.875},
                               {"mean", {0.485, 0.456, 0.406}},
                               {"std", {0.229, 0.224, 0.225}}};
  return recipe_from_timm(nlohmann::json{{"pretrained_cfg", timm}}.dump());
}

// The readers know a file by its last name alone.
[[noreturn]] void refuse(const std::filesystem::path& file, const Error& error) {
  std::string line = error.what();
  if (const std::string name = file.filename().string() + ": "; line.starts_with(name))
    line.erase(0, name.size());
  fail(file.string(), ": ", on_one_line(line));
}

}  // namespace

std::string processor_of(const ModelInfo& info) {
  const Processors* processors = find_processors(info);
  if (!processors && info.library != "transformers") return "";
  return std::string(processors ? processors->family : "ViT") + "ImageProcessor";
}

Recipe recipe_of(const std::filesystem::path& folder, const ModelInfo& info) {
  const bool timm = info.library == "timm";
  std::filesystem::path file = folder / "preprocessor_config.json";
  std::optional<std::string> text = read_text(file);
  const bool transformers = text.has_value();
  if (!text && timm) text = read_text(file = folder / "config.json");
  if (!text) return default_recipe(info);
  try {
    Recipe recipe =
        transformers ? recipe_from_transformers(*text, processor_of(info)) : recipe_from_timm(*text);
    const Processors* processors = find_processors(info);
    if (recipe.fit == Recipe::Fit::kKeep && !recipe.crop && !(processors && processors->detects)) {
      recipe.resize_height = info.input_height;  // the file's size is of a step that is off
      recipe.resize_width = info.input_width;
    }
    return recipe;
  } catch (const Error& error) {
    refuse(file, error);
  }
}

Recipe resized(Recipe recipe, int64_t height, int64_t width) {
  if (height < 1 || width < 1)
    fail("recipe: pictures of ", height, " x ", width, " are empty; give both sides");
  const auto share = [](int64_t side, int64_t from, int64_t to) {
    return static_cast<int64_t>(
        std::llround(static_cast<double>(side) * static_cast<double>(to) / static_cast<double>(from)));
  };
  if (recipe.crop) {
    recipe.resize_height = std::max<int64_t>(1, share(recipe.resize_height, recipe.crop_height, height));
    recipe.resize_width = std::max<int64_t>(1, share(recipe.resize_width, recipe.crop_width, width));
    recipe.crop_height = height;
    recipe.crop_width = width;
    // A shorter side of one length no longer covers the crop.
    if (recipe.fit == Recipe::Fit::kShortestEdge && recipe.resize_height != recipe.resize_width)
      recipe.fit = Recipe::Fit::kCover;
  } else {
    if (recipe.fit == Recipe::Fit::kShortestLongest || recipe.fit == Recipe::Fit::kWithin) {
      recipe.fit = Recipe::Fit::kSquash;
      recipe.multiple = 1;
    }
    recipe.resize_height = height;
    recipe.resize_width = width;
  }
  return recipe;
}

void expect_whole_pictures(const Recipe& recipe, const std::filesystem::path& folder) {
  if (recipe.crop)
    fail((folder / "preprocessor_config.json").string(),
         ": crops pictures, which a detector must see whole; use the file of the checkpoint");
}

}  // namespace fovea
