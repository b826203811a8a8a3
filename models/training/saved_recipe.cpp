#include "models/training/saved_recipe.h"

#include <nlohmann/json.hpp>

#include "models/pipelines/recipe_of.h"

namespace fovea {
namespace {

Recipe default_recipe(const ModelInfo& info) {
  Recipe recipe;
  recipe.resize_height = info.input_height;
  recipe.resize_width = info.input_width;
  recipe.mean = {0.485, 0.456, 0.406};
  recipe.stddev = {0.229, 0.224, 0.225};
  return recipe;
}

}  // namespace

Recipe training_recipe(const std::filesystem::path& model, const TrainableNetwork& network, int64_t size) {
  const bool own =
      network.from_checkpoint || std::filesystem::exists(model.parent_path() / "preprocessor_config.json");
  const std::filesystem::path folder = network.from_checkpoint ? model : model.parent_path();
  Recipe recipe = own ? recipe_of(folder, network.info) : default_recipe(network.info);
  if (size > 0) recipe = resized(recipe, size, size);
  return recipe_from_transformers(preprocessor_config(recipe));
}

std::string preprocessor_config(const Recipe& recipe) {
  using Fit = Recipe::Fit;
  const bool shortest =
      recipe.crop && (recipe.fit == Fit::kShortestEdge ||
                      (recipe.fit == Fit::kCover && recipe.resize_height == recipe.resize_width));
  const bool crop = recipe.crop && (shortest || recipe.fit == Fit::kSquash || recipe.fit == Fit::kKeep);
  nlohmann::ordered_json json;
  json["image_processor_type"] = shortest ? "CLIPImageProcessor"
                                 : crop   ? "DeiTImageProcessor"
                                          : "ViTImageProcessor";
  json["do_resize"] = recipe.fit != Fit::kKeep;
  if (shortest)
    json["size"] = {{"shortest_edge", recipe.resize_height}};
  else if (crop)
    json["size"] = {{"height", recipe.resize_height}, {"width", recipe.resize_width}};
  else
    json["size"] = {{"height", recipe.height()}, {"width", recipe.width()}};
  json["resample"] = static_cast<int>(recipe.filter);
  json["do_center_crop"] = crop;
  if (crop) json["crop_size"] = {{"height", recipe.crop_height}, {"width", recipe.crop_width}};
  json["do_rescale"] = recipe.rescale != 1;
  if (recipe.rescale != 1) json["rescale_factor"] = recipe.rescale;
  json["do_normalize"] = recipe.normalise;
  json["image_mean"] = recipe.mean;
  json["image_std"] = recipe.stddev;
  return json.dump(2) + "\n";
}

}  // namespace fovea
