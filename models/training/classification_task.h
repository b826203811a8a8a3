#pragma once
#include <optional>

#include "models/trainable_network.h"
#include "models/training/classification_data.h"
#include "models/training/evaluation.h"
#include "models/training/teacher.h"
#include "models/training/trainer.h"
#include "vision/training_batches.h"

namespace fovea {

// What is measured of a classifier: loss and accuracy.
std::vector<Measure> classification_measures();
// Cross-entropy, of mixed pictures to their targets, and what a teacher adds; the score is the number of
// right ones.
StepResult classification_step(const Tensor& logits, const Batch& batch, float label_smoothing,
                               const Teaching& teaching = {});
HeldOutResult held_out_result(const Evaluation& evaluation);

struct ClassificationOptions {
  BatchOptions batches;
  float label_smoothing = 0;
  std::function<bool()> interrupted = [] { return false; };
};

// A network trained on augmented pictures, and evaluated on those held out.
class ClassificationTask {
 public:
  ClassificationTask(TrainableNetwork network, const ClassificationData& data, const Recipe& recipe,
                     const Augmentation& augmentation, const ClassificationOptions& options);
  void learn_from(Teaching teaching) { teaching_ = std::move(teaching); }
  TrainingTask task();  // must not outlive this

 private:
  Batch training_batch(int64_t epoch, int64_t step);
  Tensor first_images();
  StepResult step(int64_t epoch, int64_t step, const Pass& pass);
  std::optional<HeldOutResult> evaluate_held_out(const std::map<std::string, Tensor>& values);

  TrainableNetwork network_;
  Recipe recipe_;
  ClassificationOptions options_;
  Teaching teaching_;
  TrainingBatches train_;
  std::optional<EvaluationBatches> held_out_;
};

// A network for inference over these values, for pictures as the recipe makes them.
ImageNetwork fitted_network(const TrainableNetwork& network, const std::map<std::string, Tensor>& values,
                            const Recipe& recipe);

}  // namespace fovea
