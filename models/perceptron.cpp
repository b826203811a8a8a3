#include "models/perceptron.h"

namespace fovea {

Perceptron::Perceptron(const Sizes& sizes, const Weights& w, Init last, const Tensor& bias) {
  for (int64_t i = 0; i + 1 < sizes.layers; ++i)
    layers_.emplace_back(i == 0 ? sizes.in : sizes.hidden, sizes.hidden, w / "layers" / i);
  const int64_t in = sizes.layers == 1 ? sizes.in : sizes.hidden;
  layers_.emplace_back(in, w / "layers" / (sizes.layers - 1), last,
                       bias ? bias : Tensor::full({sizes.out}, 0));
}

Tensor Perceptron::operator()(const Tensor& x) const {
  Tensor y = x;
  for (size_t i = 0; i + 1 < layers_.size(); ++i) y = layers_[i](y, {.activation = Activation::kRelu});
  return layers_.back()(y);
}

}  // namespace fovea
