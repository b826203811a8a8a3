#pragma once
#include <functional>
#include <span>
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

// Petsiuk et al. 2018 (RISE), https://arxiv.org/abs/1806.07421: the score of a class while the picture's
// pixels are taken away, or given back, in the order of a map. A good map has a small area under deletion and
// a large one under insertion.
struct Faithfulness {
  std::vector<double> deletion, insertion;       // scores at 0, 1/steps, ..., 1 of the pixels
  double deletion_area = 0, insertion_area = 0;  // trapezoids, over 0 to 1
};

struct FaithfulnessConfig {
  int64_t steps = 28;
  int64_t batch = 8;  // pictures scored at once; changes no result
};

// image and the blank that pixels are taken from [1, H, W, 3]; map [h, w] over the same frame, whose cells'
// pixels go together, equal ones in their order. `score`: [n, H, W, 3] -> n scores.
Faithfulness faithfulness(const Tensor& image, const Tensor& blank, const Tensor& map,
                          const std::function<std::vector<double>(const Tensor&)>& score,
                          const FaithfulnessConfig& config = {});

// Spearman's, ties at their mean rank; -1 to 1, and 0 if either is constant.
double rank_correlation(std::span<const float> a, std::span<const float> b);

}  // namespace fovea
