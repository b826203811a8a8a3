#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace fovea {

// Of each class: its share of a softmax, or its own sigmoid.
std::vector<double> class_scores(std::span<const float> logits, bool multi_label);

// The k classes of the largest logits, best first, of equal ones the first.
std::vector<int64_t> best_classes(std::span<const float> logits, int k);

}  // namespace fovea
