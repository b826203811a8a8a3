#pragma once
#include <optional>

#include "attention/tensor/tensor.h"

namespace fovea {

// How a stored tensor differs from ours beside its name. A change that does not fit a tensor's rank leaves it
// alone: a rule for a whole convolution changes its weight and keeps its bias.
enum class Change {
  kRename,             // not at all
  kSplit3,             // the first axis cut into three equal parts: [3 C, ...] -> three of [C, ...]
  kPatchConvToMatrix,  // [D, C, ph, pw] -> [D, ph * pw * C]
  kOihwToOhwi,         // [O, I, H, W] -> [O, H, W, I]
  kDropLeadingOnes,    // [1, N, C] -> [N, C]: leading axes of size 1, down to rank 2
  kDropTrailingOnes,   // [O, I, 1, 1] -> [O, I]: a convolution of one position as a matrix; down to rank 2
  kDrop,               // not read
  kTwin,               // another name of a tensor that has its own rule: not read, but written
};

// For all changes but kSplit3, kDrop and kTwin, which do not turn one tensor into one.
Shape changed_shape(Change change, const Shape& stored);
Tensor changed(Change change, const Tensor& stored);

// The inverse. `like` is a stored shape whose sizes that ours does not tell are taken over. Without it,
// kDropLeadingOnes makes [1, N, C] of [N, C], kDropTrailingOnes changes nothing, and kPatchConvToMatrix fails
// on a matrix.
Tensor unchanged(Change change, const Tensor& ours, const std::optional<Shape>& like);

}  // namespace fovea
