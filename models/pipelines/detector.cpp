#include "models/pipelines/detector.h"

#include <algorithm>

#include "attention/base/error.h"
#include "attention/ops/reorder.h"
#include "attention/tensor/block_pool.h"
#include "models/pipelines/detector_state.h"
#include "models/pipelines/model_folder.h"
#include "models/pipelines/recipe_of.h"

namespace fovea {
namespace {

// Python's masks are 1 where there is a picture; none if it fills every frame.
Tensor padding_of(const Tensor& pixel_mask) {
  if (!pixel_mask) return {};
  Tensor padding(pixel_mask.shape());
  std::transform(pixel_mask.data(), pixel_mask.data() + pixel_mask.count(), padding.mutable_data(),
                 [](float picture) { return picture != 0 ? 0.0f : 1.0f; });
  return padding;
}

}  // namespace

Detector Detector::load(const std::filesystem::path& folder) {
  return open(folder, true, 0);
}

Detector Detector::random(const std::filesystem::path& folder, uint64_t seed) {
  return open(folder, false, seed);
}

Detector Detector::open(const std::filesystem::path& folder, bool with_weights, uint64_t seed) {
  auto state = std::make_shared<DetectorState>();
  state->network = load_detector(open_model_folder(folder, with_weights, seed));
  BlockPool::shared().release();  // what the weights passed through on their way to be packed
  complete_info(state->network.info, folder);
  state->recipe = recipe_of(folder, state->network.info);
  expect_whole_pictures(state->recipe, folder);
  return Detector(std::move(state));
}

const ModelInfo& Detector::info() const {
  return state_->network.info;
}

const Recipe& Detector::recipe() const {
  return state_->recipe;
}

BoxPredictions Detector::predict(const DetectorInput& input, const Pass& pass) const {
  return state_->network.detect(input, pass, nullptr).layers.back();
}

std::map<std::string, Tensor> Detector::run(const Tensor& pixel_values, const Tensor& pixel_mask,
                                            bool all) const {
  return state_->network.outputs({channels_last(pixel_values), padding_of(pixel_mask)}, all);
}

}  // namespace fovea
