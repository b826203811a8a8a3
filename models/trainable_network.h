#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attention/nn/weights.h"
#include "models/image_network.h"

namespace fovea {

// What is to be trained: a checkpoint folder to go on from, or a config.json alone, whose weights are drawn.
struct TrainingSource {
  std::filesystem::path path;  // folder, or file of the config
  std::vector<std::string>
      labels;  // the classes; the head is drawn anew unless the checkpoint has just these
  FineTuning tuning;
};

// A classifier whose parameters record gradients.
struct TrainableNetwork {
  ModelInfo info;
  std::shared_ptr<ParameterStore> store;
  std::function<Tensor(const Tensor& images, const Pass& pass)> logits;  // [B, H, W, 3] -> [B, classes]
  std::function<Tensor(const Tensor& images, const Pass& pass)>
      embed;                       // -> [B, embedding]: what the head reads
  std::vector<std::string> heads;  // our names of the classifier: "head"
  bool from_checkpoint = false;
  std::string config;  // text of the config.json that describes it
  // Values by our names, as the checkpoint calls and shapes them.
  std::function<std::map<std::string, Tensor>(const std::map<std::string, Tensor>& ours)> stored;
  // The same network for inference (folded and packed) over values by our names.
  std::function<ImageNetwork(const std::map<std::string, Tensor>& ours)> inference;
  // Reads off a batch of pictures what training does not learn; once, before the first step from nothing.
  std::function<void(const Tensor& images)> prepare;
};

// Fails with one line that names the file.
TrainableNetwork load_trainable_network(const TrainingSource& source);

}  // namespace fovea
