#pragma once
#include <optional>
#include <vector>

#include "attention/base/rng.h"
#include "models/box_targets.h"
#include "models/detection_network.h"

namespace fovea {

// How far a query's box is from its target's: each edge moved by this share of half the side it bounds.
struct DenoisingConfig {
  int64_t queries = 100;  // about so many in all
  double positive = 0.4;  // up to this, where the target is to be found,
  double negative = 1;    // and from there up to this, where there is nothing
};

// Boxes near those of the targets, Li et al. 2022, https://arxiv.org/abs/2203.01305, and beside them ones
// that are near but wrong, Zhang et al. 2022, https://arxiv.org/abs/2203.03605. Groups are of twice the most
// targets that a picture has: the i-th query of a group is near target i, and all beyond the targets are
// wrong ones. None if no picture has a target.
std::optional<DenoisingQueries> denoising_queries(const std::vector<BoxTargets>& targets, Rng& rng,
                                                  const DenoisingConfig& config = {});

}  // namespace fovea
