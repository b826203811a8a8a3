#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/denoising.h"
#include "models/trainable_detector.h"
#include "models/training/detection_data.h"
#include "models/training/trainer.h"
#include "vision/coco_eval.h"
#include "vision/detection_batches.h"

namespace fovea {

// What is measured of a detector: the loss, the share of matched queries that name their object's class, and
// COCO's mAP, over its IoU thresholds and at 0.5.
std::vector<Measure> detection_measures();

struct DetectionOptions {
  BatchOptions batches = {};
  DetectionAugmentation augmentation = {};
  DenoisingConfig denoising = {};  // of a model that takes it; no queries: none
  int64_t token_copies = 1;        // see DetectionLossConfig
  std::function<bool()> interrupted = [] { return false; };
};

// A detector trained on augmented pictures, and evaluated on those held out.
class DetectionTask {
 public:
  DetectionTask(TrainableDetector detector, const DetectionData& data, const Recipe& recipe,
                const DetectionOptions& options);
  TrainingTask task();  // must not outlive this

 private:
  StepResult step(int64_t epoch, int64_t step, const Pass& pass);
  StepResult learn(const DetectorInput& input, const std::vector<BoxTargets>& targets, const Pass& pass);
  std::optional<HeldOutResult> evaluate(const std::map<std::string, Tensor>& values);

  TrainableDetector detector_;
  DetectionOptions options_;
  AnnotatedPictures truth_;
  DetectionBatches train_;
  std::optional<DetectionEvaluationBatches> held_out_;
};

}  // namespace fovea
