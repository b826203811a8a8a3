#include "models/training/saved_recipe.h"

#include <nlohmann/json.hpp>

#include "models/pipelines/recipe_of.h"

namespace fovea {
namespace {

using Fit = Recipe::Fit;

Recipe default_recipe(const ModelInfo& info) {
  Recipe recipe;
  recipe.resize_height = info.input_height;
  recipe.resize_width = info.input_width;
  recipe.mean = {0.485, 0.456, 0.406};
  recipe.stddev = {0.229, 0.224, 0.225};
  return recipe;
}

bool detectors_only(const Recipe& recipe) {
  return recipe.pad || recipe.fit == Fit::kShortestLongest || recipe.fit == Fit::kWithin;
}

void write_values(const Recipe& recipe, nlohmann::ordered_json& json) {
  json["resample"] = static_cast<int>(recipe.filter);
  json["do_rescale"] = recipe.rescale != 1;
  if (recipe.rescale != 1) json["rescale_factor"] = recipe.rescale;
  json["do_normalize"] = recipe.normalise;
  json["image_mean"] = recipe.mean;
  json["image_std"] = recipe.stddev;
}

nlohmann::ordered_json classifier_config(const Recipe& recipe) {
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
  json["do_center_crop"] = crop;
  if (crop) json["crop_size"] = {{"height", recipe.crop_height}, {"width", recipe.crop_width}};
  return json;
}

nlohmann::ordered_json detector_config(const Recipe& recipe, const std::string& processor) {
  nlohmann::ordered_json json;
  json["image_processor_type"] = !processor.empty()    ? processor
                                 : recipe.hide_padding ? "DetrImageProcessor"
                                                       : "YolosImageProcessor";
  json["format"] = "coco_detection";
  json["do_convert_annotations"] = true;
  json["do_resize"] = recipe.fit != Fit::kKeep;
  if (recipe.fit == Fit::kShortestLongest)
    json["size"] = {{"shortest_edge", recipe.resize_height}, {"longest_edge", recipe.resize_width}};
  else if (recipe.fit == Fit::kWithin)
    json["size"] = {{"max_height", recipe.resize_height}, {"max_width", recipe.resize_width}};
  else
    json["size"] = {{"height", recipe.height()}, {"width", recipe.width()}};
  json["do_pad"] = recipe.pad;
  if (recipe.pad_height > 0) json["pad_size"] = {{"height", recipe.pad_height}, {"width", recipe.pad_width}};
  return json;
}

}  // namespace

Recipe training_recipe(const std::filesystem::path& path, const TrainableModel& model, int64_t height,
                       int64_t width) {
  const std::filesystem::path folder = model.from_checkpoint ? path : path.parent_path();
  const bool own = model.from_checkpoint || std::filesystem::exists(folder / "preprocessor_config.json");
  Recipe recipe = own ? recipe_of(folder, model.info) : default_recipe(model.info);
  if (height > 0) recipe = resized(recipe, height, width);
  return recipe_from_transformers(preprocessor_config(recipe));
}

std::string preprocessor_config(const Recipe& recipe, const std::string& processor) {
  const bool detector = !processor.empty() || detectors_only(recipe);
  nlohmann::ordered_json json = detector ? detector_config(recipe, processor) : classifier_config(recipe);
  write_values(recipe, json);
  return json.dump(2) + "\n";
}

}  // namespace fovea
