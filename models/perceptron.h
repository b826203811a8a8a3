#pragma once
#include <vector>

#include "attention/nn/layers.h"

namespace fovea {

// Linear layers with a ReLU between them. Checkpoint names: layers.<i>.
class Perceptron {
 public:
  struct Sizes {
    int64_t in, hidden, out, layers = 3;
  };
  // What the last layer begins as: its weights, and its bias [out], zeros if none.
  Perceptron(const Sizes& sizes, const Weights& w, Init last = Init::kNormal002, const Tensor& bias = {});
  Tensor operator()(const Tensor& x) const;  // [..., in] -> [..., out]

 private:
  std::vector<Linear> layers_;
};

}  // namespace fovea
