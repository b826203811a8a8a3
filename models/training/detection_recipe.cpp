#include "models/training/detection_recipe.h"

#include <algorithm>
#include <cmath>

#include "models/pipelines/recipe_of.h"
#include "models/training/saved_recipe.h"

namespace fovea {
namespace {

constexpr int64_t kLongest = 512, kMultiple = 32;  // of the frame; the coarsest map's stride

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
  return values[values.size() / 2];
}

int64_t rounded(double side) {
  return std::max<int64_t>(kMultiple, std::llround(side / kMultiple) * kMultiple);
}

FrameSize usual_frame(const AnnotatedPictures& set) {
  std::vector<double> ratios, longest;
  for (const AnnotatedPicture& picture : set.pictures) {
    if (picture.width < 1 || picture.height < 1) continue;
    ratios.push_back(std::log(static_cast<double>(picture.width) / static_cast<double>(picture.height)));
    longest.push_back(static_cast<double>(std::max(picture.width, picture.height)));
  }
  if (ratios.empty()) return {kLongest, kLongest};
  const double ratio = std::exp(median(ratios));
  const double side = std::min<double>(kLongest, median(longest));
  return ratio > 1 ? FrameSize{rounded(side / ratio), rounded(side)}
                   : FrameSize{rounded(side), rounded(side * ratio)};
}

Recipe squashed(Recipe recipe, const FrameSize& size) {
  recipe.fit = Recipe::Fit::kSquash;
  recipe.resize_height = size.height;
  recipe.resize_width = size.width;
  recipe.crop = recipe.pad = false;
  recipe.pad_height = recipe.pad_width = 0;
  return recipe;
}

Recipe usual_recipe() {
  Recipe recipe;
  recipe.filter = Filter::kBilinear;
  recipe.mean = {0.485, 0.456, 0.406};
  recipe.stddev = {0.229, 0.224, 0.225};
  return recipe;
}

}  // namespace

Recipe detection_recipe(const std::filesystem::path& path, const TrainableModel& model,
                        const AnnotatedPictures& pictures, const FrameSize& size) {
  const std::filesystem::path folder = model.from_checkpoint ? path : path.parent_path();
  const bool own = model.from_checkpoint || std::filesystem::exists(folder / "preprocessor_config.json");
  const Recipe recipe = own ? recipe_of(folder, model.info) : usual_recipe();
  const Recipe wanted = size.height > 0 ? squashed(recipe, size)
                        : own           ? recipe
                                        : squashed(recipe, usual_frame(pictures));
  return recipe_from_transformers(preprocessor_config(wanted, processor_of(model.info)));
}

}  // namespace fovea
