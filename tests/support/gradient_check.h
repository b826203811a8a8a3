#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "tests/support/random_tensor.h"

namespace fovea {

// A fixed random projection of y to one value, so that any output can be a loss.
inline Tensor to_loss(const Tensor& y) {
  return sum_all(mul(y, random_tensor(y.shape(), 99)));
}

// The worst error of the gradients of to_loss(f()) by `leaves`, watched tensors whose values f reads, against
// central differences, relative to 1 + |difference|. Several steps, the best one counts: in float32 a small
// step drowns in rounding, and a large one crosses kinks.
inline double leaf_gradient_error(std::vector<Tensor> leaves, const std::function<Tensor()>& f) {
  const Gradients gradients = backward(to_loss(f()));
  double worst = 0;
  for (Tensor& leaf : leaves) {
    float* values = leaf.mutable_data();
    for (int64_t i = 0; i < leaf.count(); i += std::max<int64_t>(1, leaf.count() / 23)) {
      const double got = gradients.has(leaf) ? gradients[leaf].data()[i] : 0;
      const float keep = values[i];
      double error = 1e9;
      for (float h : {1e-2f, 3e-3f, 1e-3f}) {
        values[i] = keep + h;
        const double up = to_loss(f()).data()[0];
        values[i] = keep - h;
        const double down = to_loss(f()).data()[0];
        values[i] = keep;
        const double numeric = (up - down) / (2 * static_cast<double>(h));
        error = std::min(error, std::abs(numeric - got) / (1 + std::abs(numeric)));
      }
      worst = std::max(worst, error);
    }
  }
  return worst;
}

// The same of to_loss(f(inputs)) by the inputs.
inline double gradient_error(std::vector<Tensor> inputs,
                             const std::function<Tensor(const std::vector<Tensor>&)>& f) {
  for (Tensor& input : inputs) watch(input);
  return leaf_gradient_error(inputs, [&] { return f(inputs); });
}

}  // namespace fovea
