#pragma once
#include <vector>

#include "models/matcher.h"

namespace fovea {

struct DetectionLossConfig {
  BoxScores scores = BoxScores::kSoftmax;
  MatchCosts costs = {};  // by the same scores, whatever it says
  // Weights of the sum; DETR's label loss is 1, Deformable DETR's 2 in its paper.
  float label = 1, box = 5, giou = 2;
  float nothing = 0.1f;  // weight of "nothing" in softmax's cross-entropy
  float focal_alpha = 0.25f, focal_gamma = 2;
  bool varifocal = false;    // kSigmoid: towards each match's IoU instead of 1, as in RT-DETR
  int64_t token_copies = 1;  // of each target, for what a two-stage model's tokens propose
  bool tokens_have_classes = false;
};

// The parts of one layer's loss, each [1] and differentiable; and what is only reported.
struct LossParts {
  Tensor label, box, giou;
  double cardinality_error = 0;  // how far the number of found objects is from the truth, a picture's mean
  double class_error = 0;        // percent of matched queries of the wrong class
};
// `nothing` is the last class, or for kSigmoid no score above 0.5.
double cardinality_error(const BoxPredictions& predictions, const std::vector<BoxTargets>& targets,
                         BoxScores scores);
// Of one layer, with its matches; `objects` is what the box losses are divided by.
LossParts detection_loss(const BoxPredictions& predictions, const std::vector<BoxTargets>& targets,
                         const std::vector<Matches>& matches, double objects,
                         const DetectionLossConfig& config);

// The weighted sum over all layers, a two-stage model's tokens (where every class counts as class 0 if
// `tokens_have_classes` is false, as in Deformable DETR), and the denoised queries, whose i-th query of each
// group stands for target i, and beyond their number for nothing; [1].
struct DetectionLoss {
  Tensor total;
  LossParts last;  // of the last layer
};
DetectionLoss detection_loss(const DetectorOutput& output, const std::vector<BoxTargets>& targets,
                             const DetectionLossConfig& config, const DenoisingQueries* denoising = nullptr);

}  // namespace fovea
