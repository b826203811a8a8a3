#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "models/pipelines/image_model.h"
#include "models/training/classification_data.h"
#include "vision/batch.h"

namespace fovea {

// Knowledge distillation (Hinton et al. 2015, https://arxiv.org/abs/1503.02531): a network learns the shares
// that a trained classifier gives all classes, beside the one class that is right.

// `share` of the loss is the teacher's, 1 - share the labels'. A higher temperature tells more of the classes
// that are not right.
struct Teaching {
  Tensor shares;  // [pictures, classes] softmax(teacher's logits / temperature); none: no teacher
  float share = 0.5f, temperature = 2;
};

// temperature^2 * the mean over B of KL(taught || softmax(logits / temperature)), which keeps the gradients'
// size whatever the temperature. logits, taught [B, classes] -> [1]
Tensor teacher_loss(const Tensor& logits, const Tensor& taught, float temperature);

// A classifier that knows all classes of some data, by their names.
class Teacher {
 public:
  // Fails if one is missing.
  Teacher(const std::filesystem::path& folder, const std::vector<std::string>& classes);
  // Together they tell what logits() gives: the weights, the way it sees pictures, and the pictures' own
  // fingerprint; and what its config says.
  std::string key(const std::string& pictures) const;
  std::string config_key() const;

  // What it says of each picture to train on, as it would classify it -> [train, classes], in the order of
  // the data's classes. Rows of pictures that cannot be read are 0. `step` hears how many pictures were done,
  // and ends it by false: then there is nothing.
  std::optional<Tensor> logits(const ClassificationData& data, const BatchOptions& options,
                               const std::function<bool(int64_t)>& step) const;

 private:
  void add_rows(const Batch& batch, Tensor& rows) const;

  std::filesystem::path folder_;
  ImageModel model_;
  std::vector<int64_t> columns_;  // where it has each class
};

}  // namespace fovea
