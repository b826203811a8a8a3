#include "models/pipelines/recipe_of.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "attention/base/error.h"

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

const Processors* find_processors(const ModelInfo& info) {
  if (info.library != "transformers") return nullptr;
  for (const Processors& processors : kProcessors)
    if (info.architecture.starts_with(processors.model)) return &processors;
  return nullptr;
}

// A class of transformers has one size by default, whichever model it stands before.
std::string default_processor(const ModelInfo& info) {
  if (processor_of(info) != "ConvNextImageProcessor") return "{}";
  return nlohmann::json{{"size", info.input_height}}.dump();
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
                               {"interpolation", "bilinear"},
                               {"crop_pct", 0.875},
                               {"mean", {0.485, 0.456, 0.406}},
                               {"std", {0.229, 0.224, 0.225}}};
  return recipe_from_timm(nlohmann::json{{"pretrained_cfg", timm}}.dump());
}

// The readers know a file by its last name alone.
[[noreturn]] void refuse(const std::filesystem::path& file, const Error& error) {
  std::string line = error.what();
  if (const std::string name = file.filename().string() + ": "; line.starts_with(name))
    line.erase(0, name.size());
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  fail(file.string(), ": ", line);
}

}  // namespace

std::string processor_of(const ModelInfo& info) {
  if (info.library != "transformers") return "";
  const Processors* processors = find_processors(info);
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
    return transformers ? recipe_from_transformers(*text, processor_of(info)) : recipe_from_timm(*text);
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

}  // namespace fovea
