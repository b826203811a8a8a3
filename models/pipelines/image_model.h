#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "attention/nn/pass.h"
#include "attention/tensor/tensor.h"
#include "models/model_info.h"
#include "vision/recipe.h"

namespace fovea {

struct ClassScore {
  int64_t class_id;
  float score;
  std::string label;
};

// A checkpoint folder (config.json + model.safetensors) as a function of pictures. Safe to share between
// threads.
class ImageModel {
 public:
  static ImageModel load(const std::filesystem::path& folder);
  static ImageModel random(const std::filesystem::path& folder, uint64_t seed);  // config.json alone will do

  const ModelInfo& info() const;
  const Recipe& recipe() const;
  ImageModel with_input_size(int64_t height, int64_t width) const;  // the same model, another recipe

  // [B, H, W, 3], normalised as recipe() says -> [B, classes]; fails for a model without a classifier.
  Tensor logits(const Tensor& images, const Pass& pass = {}) const;
  // [B, H, W, 3] -> [B, embedding]: what the classifier reads (class token or mean token, after the last
  // norm).
  Tensor embed(const Tensor& images, const Pass& pass = {}) const;
  // Softmax of one row of logits (sigmoid, if info().multi_label), best first; fails if one is not finite.
  std::vector<ClassScore> top_classes(std::span<const float> logits, int k) const;

  // pixel_values [B, 3, H, W] -> every output by the name that the Python library gives it ("logits", ...;
  // with `all` also "hidden_states.0" ... and "attentions.0" ...).
  std::map<std::string, Tensor> run(const Tensor& pixel_values, bool all) const;

 private:
  struct State;
  explicit ImageModel(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  static ImageModel open(const std::filesystem::path& folder, bool with_weights, uint64_t seed);
  static ImageModel fitted(std::shared_ptr<State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace fovea
