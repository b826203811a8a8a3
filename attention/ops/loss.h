#pragma once
#include <optional>
#include <span>

#include "attention/ops/reduction.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// As torch.nn.CrossEntropyLoss takes them.
struct CrossEntropyOptions {
  Tensor class_weights = {};        // [classes], or none: all 1
  std::optional<int> ignored = {};  // rows of this label count nothing
  float smoothing = 0;              // this share of each row's target is spread evenly over all classes
  Reduction reduction = Reduction::kMean;
};

// -log softmax(logits)[label]. logits [B, classes], B labels -> [1], or [B] not reduced. The mean is over the
// weights of the rows' labels; 0 if every row is ignored.
Tensor cross_entropy(const Tensor& logits, std::span<const int> labels,
                     const CrossEntropyOptions& options = {});

// The same with a distribution over the classes for each row, which is not ignored anywhere: -sum(targets *
// log softmax(logits)). targets [B, classes]; the mean is over B.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options = {});

// 1 - smoothing of each row at its label, and the rest spread evenly over all classes (Szegedy et al. 2015,
// https://arxiv.org/abs/1512.00567) -> [labels, classes].
Tensor smoothed_targets(std::span<const int> labels, int64_t classes, float smoothing);

// targets * (log(targets) - log_probabilities), element by element; a target of 0 or below counts nothing.
Tensor kl_divergence(const Tensor& log_probabilities, const Tensor& targets, Reduction reduction);

}  // namespace fovea
