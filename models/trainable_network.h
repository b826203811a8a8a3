#pragma once
#include "models/trainable_model.h"

namespace fovea {

// A classifier whose parameters record gradients.
struct TrainableNetwork : TrainableModel {
  std::function<Tensor(const Tensor& images, const Pass& pass)> logits;  // [B, H, W, 3] -> [B, classes]
  std::function<Tensor(const Tensor& images, const Pass& pass)>
      embed;  // -> [B, embedding]: what the head reads
  // The same network for inference (folded and packed) over values by our names.
  std::function<ImageNetwork(const std::map<std::string, Tensor>& ours)> inference;
  // As NetworkPlan's.
  std::function<void(std::map<std::string, Tensor>& ours, int64_t height, int64_t width)> fit;
  // Reads off a batch of pictures what training does not learn; once, before the first step from nothing.
  std::function<void(const Tensor& images)> prepare;
};

// Fails with one line that names the file.
TrainableNetwork load_trainable_network(const TrainingSource& source);

}  // namespace fovea
