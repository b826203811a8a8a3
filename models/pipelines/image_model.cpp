#include "models/pipelines/image_model.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/ops/reorder.h"
#include "attention/tensor/block_pool.h"
#include "models/image_network.h"
#include "models/pipelines/class_scores.h"
#include "models/pipelines/model_folder.h"
#include "models/pipelines/recipe_of.h"

namespace fovea {

struct ImageModel::State {
  ImageNetwork network;
  Recipe recipe;
};

ImageModel ImageModel::load(const std::filesystem::path& folder) {
  return open(folder, true, 0);
}

ImageModel ImageModel::random(const std::filesystem::path& folder, uint64_t seed) {
  return open(folder, false, seed);
}

ImageModel ImageModel::open(const std::filesystem::path& folder, bool with_weights, uint64_t seed) {
  auto state = std::make_shared<State>();
  state->network = load_image_network(open_model_folder(folder, with_weights, seed));
  BlockPool::shared().release();  // what the weights passed through on their way to be packed
  complete_info(state->network.info, folder);
  state->recipe = recipe_of(folder, state->network.info);
  try {
    return fitted(std::move(state));
  } catch (const Error& error) {
    fail(folder.string(), ": its pictures do not suit its network: ", error.what());
  }
}

// The network made ready for the recipe's pictures, and still known as what it was.
ImageModel ImageModel::fitted(std::shared_ptr<State> state) {
  const int64_t height = state->recipe.height(), width = state->recipe.width();
  ImageNetwork& network = state->network;
  if (height != network.info.input_height || width != network.info.input_width) {
    ModelInfo info = network.info;
    network = network.resized(height, width);
    network.info = std::move(info);
  }
  return ImageModel(std::move(state));
}

const ModelInfo& ImageModel::info() const {
  return state_->network.info;
}

const Recipe& ImageModel::recipe() const {
  return state_->recipe;
}

ImageModel ImageModel::with_input_size(int64_t height, int64_t width) const {
  auto state = std::make_shared<State>(*state_);
  state->recipe = resized(state->recipe, height, width);
  return fitted(std::move(state));
}

Tensor ImageModel::logits(const Tensor& images, const Pass& pass) const {
  if (!state_->network.logits)
    fail(info().id,
         ": the model has no classifier; use `fovea embed`, or a checkpoint with a classification head");
  return state_->network.logits(images, pass);
}

Tensor ImageModel::embed(const Tensor& images, const Pass& pass) const {
  return state_->network.embed(images, pass);
}

std::vector<ClassScore> ImageModel::top_classes(std::span<const float> logits, int k) const {
  if (!std::all_of(logits.begin(), logits.end(), [](float value) { return std::isfinite(value); }))
    fail(info().id, ": a logit is not finite; check the model's weights and the picture's values");
  const std::vector<double> scores = class_scores(logits, info().multi_label);
  std::vector<ClassScore> best;
  for (int64_t id : best_classes(logits, k)) {
    const auto at = static_cast<size_t>(id);
    best.push_back({id, static_cast<float>(scores[at]),
                    at < info().labels.size() ? info().labels[at] : std::to_string(id)});
  }
  return best;
}

std::map<std::string, Tensor> ImageModel::run(const Tensor& pixel_values, bool all) const {
  return state_->network.outputs(channels_last(pixel_values), all);
}

}  // namespace fovea
