#pragma once
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/nn/weights.h"

namespace fovea {

// Adaptive sharpness-aware minimisation (Kwon et al. 2021, https://arxiv.org/abs/2102.11600, after Foret et
// al. 2021, https://arxiv.org/abs/2010.01412): an optimiser that steps by the gradient of the worst weights
// nearby, in place of the weights', finds flat minima, which often predict better. While an Ascent lives, the
// parameters stand at those: moved up the gradients as far as a ball of `radius` lets them, whose axes are as
// long as the weights are large. Its end gives them back, to the bit.
//
//   Gradients gradients = backward(loss());
//   {
//     const Ascent nearby(store.parameters(), gradients, 0.5);
//     gradients = backward(loss());
//   }
//   optimiser.step(gradients, learning_rate);
//
// The step of value w with gradient g is radius * t^2 g / |t g|, the norm over all; t is |w| + 0.01 for what
// its name calls a weight, else 1. One without a gradient stays, all do if the gradients are zeros.
class Ascent {
 public:
  Ascent(const std::vector<Parameter>& parameters, const Gradients& gradients, double radius);
  ~Ascent();
  Ascent(const Ascent&) = delete;
  Ascent& operator=(const Ascent&) = delete;

 private:
  struct Moved {
    Tensor value, before;
  };
  std::vector<Moved> moved_;
};

}  // namespace fovea
