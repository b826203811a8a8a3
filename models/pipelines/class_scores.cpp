#include "models/pipelines/class_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fovea {

// In double: exp() of a float's range overflows.
std::vector<double> class_scores(std::span<const float> logits, bool multi_label) {
  std::vector<double> scores(logits.begin(), logits.end());
  if (multi_label) {
    for (double& value : scores) value = 1 / (1 + std::exp(-value));
    return scores;
  }
  const double top = scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& value : scores) sum += value = std::exp(value - top);
  for (double& value : scores) value /= sum;
  return scores;
}

std::vector<int64_t> best_classes(std::span<const float> logits, int k) {
  std::vector<int64_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::clamp<int64_t>(k, 0, std::ssize(order));
  std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](int64_t a, int64_t b) {
    const float la = logits[static_cast<size_t>(a)], lb = logits[static_cast<size_t>(b)];
    return la > lb || (la == lb && a < b);
  });
  order.resize(static_cast<size_t>(kept));
  return order;
}

}  // namespace fovea
