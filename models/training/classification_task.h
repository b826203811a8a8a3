#pragma once
#include <optional>

#include "models/training/classification_data.h"
#include "models/training/trainer.h"
#include "vision/training_batches.h"

namespace fovea {

// A network trained on augmented pictures, and evaluated on those held out.
class ClassificationTask {
 public:
  ClassificationTask(TrainableNetwork network, const ClassificationData& data, const Recipe& recipe,
                     const Augmentation& augmentation, const BatchOptions& options,
                     std::function<bool()> interrupted);
  TrainingTask task();  // must not outlive this

 private:
  std::optional<Evaluation> evaluate_held_out(const std::map<std::string, Tensor>& values);

  TrainableNetwork network_;
  Recipe recipe_;
  std::function<bool()> interrupted_;
  TrainingBatches train_;
  std::optional<EvaluationBatches> held_out_;
};

// A network for inference over these values, for pictures as the recipe makes them.
ImageNetwork fitted_network(const TrainableNetwork& network, const std::map<std::string, Tensor>& values,
                            const Recipe& recipe);

}  // namespace fovea
