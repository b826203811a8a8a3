#pragma once
#include "models/detection_loss.h"
#include "models/detection_network.h"
#include "models/trainable_model.h"

namespace fovea {

// A detector whose parameters record gradients.
struct TrainableDetector : TrainableModel {
  BoxScores scores = BoxScores::kSoftmax;
  bool takes_denoising = false;  // see DetectionNetwork
  DetectionLossConfig loss;      // as the config weighs its parts
  std::function<DetectorOutput(const DetectorInput& input, const Pass& pass,
                               const DenoisingQueries* denoising)>
      detect;
  // The same network for inference (folded and packed) over values by our names.
  std::function<DetectionNetwork(const std::map<std::string, Tensor>& ours)> inference;
};

// Classes that are the model's in another order stay in its own. Of other classes than a checkpoint's, all
// but the class heads is kept. Fails with one line that names the file.
TrainableDetector load_trainable_detector(const TrainingSource& source);

}  // namespace fovea
