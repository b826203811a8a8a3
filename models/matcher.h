#pragma once
#include <cstdint>
#include <vector>

#include "models/box_targets.h"
#include "models/detection_network.h"

namespace fovea {

struct MatchCosts {
  float label = 1, box = 5, giou = 2;
  BoxScores scores = BoxScores::kSoftmax;  // kSigmoid: the focal loss's two terms, alpha 0.25, gamma 2
};

struct Match {
  int64_t query, target;
};
// One-to-one matches of a picture, by ascending query.
using Matches = std::vector<Match>;

// Of each picture of the batch. Carion et al. 2020, section 3.1. `copies` of each target may be matched:
// one-to-many supervision (Jia et al. 2023, https://arxiv.org/abs/2207.13080).
std::vector<Matches> match(const BoxPredictions& predictions, const std::vector<BoxTargets>& targets,
                           const MatchCosts& costs, int64_t copies = 1);
// The costs of one picture's queries and targets, [queries, targets].
Tensor match_costs(const BoxPredictions& predictions, int64_t picture, const BoxTargets& targets,
                   const MatchCosts& costs);

}  // namespace fovea
