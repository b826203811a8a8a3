#include "models/pipelines/recipe_of.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "attention/base/error.h"

namespace fovea {

std::string read_text(const std::filesystem::path& file) {
  constexpr uintmax_t kMost = uintmax_t{1} << 26;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return "";
  if (!std::filesystem::is_regular_file(file, error)) fail(file.string(), ": not a file; check the folder");
  if (std::filesystem::file_size(file, error) > kMost || error)
    fail(file.string(), ": too large to be read as text");
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) fail(file.string(), ": cannot be read; check its permissions");
  return text.str();
}

std::string licence_of(const std::string& readme) {
  std::istringstream lines(readme);
  std::string line;
  if (!std::getline(lines, line) || line.substr(0, 3) != "---") return "";
  while (std::getline(lines, line) && line.substr(0, 3) != "---") {
    if (!line.starts_with("license:")) continue;
    const size_t begin = line.find_first_not_of(" \t\"'", 8), end = line.find_last_not_of(" \t\r\"'");
    return begin == std::string::npos ? "" : line.substr(begin, end - begin + 1);
  }
  return "";
}

namespace {

// transformers' defaults by class; torchvision's ImageNet weights: shorter side to 256 of 224, bilinear,
// ImageNet mean.
Recipe default_recipe(const ModelInfo& info) {
  if (info.library == "transformers") {
    const bool deit = info.architecture.starts_with("DeiT");
    return resized(recipe_from_transformers(deit ? R"({"image_processor_type": "DeiTImageProcessor"})"
                                                 : R"({"image_processor_type": "ViTImageProcessor"})"),
                   info.input_height, info.input_width);
  }
  const nlohmann::json timm = {{"input_size", {3, info.input_height, info.input_width}},
                               {"interpolation", "bilinear"},
                               {"crop_pct", 0.875},
                               {"mean", {0.485, 0.456, 0.406}},
                               {"std", {0.229, 0.224, 0.225}}};
  return recipe_from_timm(nlohmann::json{{"pretrained_cfg", timm}}.dump());
}

}  // namespace

Recipe recipe_of(const std::filesystem::path& folder, const ModelInfo& info) {
  const std::filesystem::path processor = folder / "preprocessor_config.json";
  try {
    if (const std::string text = read_text(processor); !text.empty()) return recipe_from_transformers(text);
  } catch (const Error& error) {
    fail(processor.string(), ": ", error.what());
  }
  const std::filesystem::path config = folder / "config.json";
  try {
    if (info.library == "timm") return recipe_from_timm(read_text(config));
  } catch (const Error& error) {
    fail(config.string(), ": ", error.what());
  }
  return default_recipe(info);
}

Recipe resized(Recipe recipe, int64_t height, int64_t width) {
  if (height < 1 || width < 1) fail("recipe: pictures of ", height, " x ", width);
  const auto share = [](int64_t side, int64_t from, int64_t to) {
    return static_cast<int64_t>(
        std::llround(static_cast<double>(side) * static_cast<double>(to) / static_cast<double>(from)));
  };
  if (recipe.crop) {
    recipe.resize_height = std::max<int64_t>(1, share(recipe.resize_height, recipe.crop_height, height));
    recipe.resize_width = std::max<int64_t>(1, share(recipe.resize_width, recipe.crop_width, width));
    recipe.crop_height = height;
    recipe.crop_width = width;
  } else {
    recipe.resize_height = height;
    recipe.resize_width = width;
  }
  return recipe;
}

}  // namespace fovea
