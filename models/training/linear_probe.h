#pragma once
#include <optional>
#include <vector>

#include "models/trainable_network.h"
#include "models/training/classification_data.h"
#include "models/training/evaluation.h"
#include "models/training/trainer.h"
#include "vision/recipe.h"

namespace fovea {

// Whether only the classifier is trained, and it is one linear layer on what embed() gives.
bool trains_head_alone(const TrainableNetwork& network);

// What a network makes of pictures that are always the same: each goes through it once.
struct Features {
  Tensor values;  // [N, embedding]
  std::vector<int> labels;
  std::vector<PictureFailure> failures;
};
// `step` hears how many pictures were done, and ends it by false: then there is nothing.
std::optional<Features> features_of(const TrainableNetwork& network, const ImageFolder& pictures,
                                    const std::vector<int64_t>& indices, const Recipe& recipe,
                                    const BatchOptions& options, const std::function<bool(int64_t)>& step);

// Trains a linear classifier on features.
class LinearProbe {
 public:
  LinearProbe(const TrainableNetwork& network, Features train, std::optional<Features> held_out,
              const BatchOptions& options, float label_smoothing);
  TrainingTask task() const;  // must not outlive this

 private:
  Batch batch(int64_t epoch, int64_t step) const;
  Evaluation evaluate(const std::map<std::string, Tensor>& values) const;

  Parameter weight_, bias_;
  Features train_;
  std::optional<Features> held_out_;
  BatchOptions options_;
  float label_smoothing_;
};

}  // namespace fovea
