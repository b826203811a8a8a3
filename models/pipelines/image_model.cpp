#include "models/pipelines/image_model.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>

#include "attention/base/error.h"
#include "attention/ops/reorder.h"
#include "models/image_network.h"
#include "models/pipelines/recipe_of.h"

namespace fovea {

struct ImageModel::State {
  ImageNetwork network;
  Recipe recipe;
};

namespace {

ModelSource open_source(const std::filesystem::path& folder, bool with_weights, uint64_t seed) {
  if (!std::filesystem::is_directory(folder))
    fail(folder.string(), ": no such folder; a model is a folder with config.json and model.safetensors");
  ModelSource source{
      .folder = folder, .config = read_text(folder / "config.json"), .checkpoint = {}, .seed = seed};
  if (with_weights) source.checkpoint = Checkpoint::open(folder);
  return source;
}

void complete(ModelInfo& info, const std::filesystem::path& folder) {
  if (info.id.empty()) info.id = std::filesystem::absolute(folder / "").parent_path().filename().string();
  if (info.licence.empty()) info.licence = licence_of(read_text(folder / "README.md"));
}

}  // namespace

ImageModel ImageModel::load(const std::filesystem::path& folder) {
  return open(folder, true, 0);
}

ImageModel ImageModel::random(const std::filesystem::path& folder, uint64_t seed) {
  return open(folder, false, seed);
}

ImageModel ImageModel::open(const std::filesystem::path& folder, bool with_weights, uint64_t seed) {
  const ModelSource source = open_source(folder, with_weights, seed);
  auto state = std::make_shared<State>();
  state->network = load_image_network(source);
  complete(state->network.info, folder);
  state->recipe = recipe_of(folder, state->network.info);
  ImageModel model;
  model.state_ = with_input_fitted(std::move(state));
  return model;
}

std::shared_ptr<const ImageModel::State> ImageModel::with_input_fitted(std::shared_ptr<State> state) {
  const ModelInfo& info = state->network.info;
  const int64_t height = state->recipe.height(), width = state->recipe.width();
  if (height != info.input_height || width != info.input_width)
    state->network = state->network.resized(height, width);
  return state;
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
  ImageModel model;
  model.state_ = with_input_fitted(std::move(state));
  return model;
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
  const auto n = static_cast<int64_t>(logits.size());
  std::vector<int64_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::min<int64_t>(std::max(k, 0), n);
  std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](int64_t a, int64_t b) {
    const float la = logits[static_cast<size_t>(a)], lb = logits[static_cast<size_t>(b)];
    return la > lb || (la == lb && a < b);
  });
  double sum = 0;
  const double top = n ? *std::max_element(logits.begin(), logits.end()) : 0;
  for (float value : logits) sum += std::exp(value - top);
  std::vector<ClassScore> scores;
  for (int64_t i = 0; i < kept; ++i) {
    const auto id = static_cast<size_t>(order[static_cast<size_t>(i)]);
    scores.push_back({order[static_cast<size_t>(i)], static_cast<float>(std::exp(logits[id] - top) / sum),
                      id < info().labels.size() ? info().labels[id] : std::to_string(id)});
  }
  return scores;
}

std::map<std::string, Tensor> ImageModel::run(const Tensor& pixel_values, bool all) const {
  return state_->network.outputs(channels_last(pixel_values), all);
}

}  // namespace fovea
