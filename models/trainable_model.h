#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attention/checkpoint/name_table.h"
#include "attention/nn/weights.h"
#include "models/image_network.h"

namespace fovea {

// What is to be trained: a checkpoint folder to go on from, or a config.json alone, whose weights are drawn.
struct TrainingSource {
  std::filesystem::path path;  // folder, or file of the config
  std::vector<std::string>
      labels;  // the classes; the heads are drawn anew unless the checkpoint has just these
  FineTuning tuning;
};

// A model whose parameters record gradients, whatever it says of pictures.
struct TrainableModel {
  ModelInfo info;
  std::shared_ptr<ParameterStore> store;
  std::vector<std::string> heads;  // our names of what other classes need anew: "head"
  bool from_checkpoint = false;
  std::string config;  // text of the config.json that describes it
  // Values by our names, as the checkpoint calls and shapes them.
  std::function<std::map<std::string, Tensor>(const std::map<std::string, Tensor>& ours)> stored;
};

// Opens the folder or the config. Fails with one line that names the file.
ModelSource open_training_source(const std::filesystem::path& path);

// Gives the source a config of these classes; `bound` as relabelled() takes it. Returns whether it had them
// already.
bool take_labels(ModelSource& source, const std::vector<std::string>& known,
                 const std::vector<std::string>& wanted, const std::vector<std::string>& bound = {});

// The store that a model's parameters come from: the checkpoint's, by our names, or drawn.
std::shared_ptr<ParameterStore> training_store(const ModelSource& source, const NameTable& names,
                                               const FineTuning& tuning);

// Fails if a value is not finite.
void expect_finite(const ParameterStore& store, const std::string& file);

// Values by our names, for a store that builds the model for inference.
ParameterMap as_stored(const std::map<std::string, Tensor>& ours);

}  // namespace fovea
