#pragma once
#include <cmath>

#include "attention/blocks/catalog.h"
#include "tests/support/random_tensor.h"

namespace fovea {

// Parameters and buffers as after some training: drawn anew, all different; variances positive.
inline ParameterMap trained(const ParameterStore& fresh) {
  ParameterMap map;
  uint64_t seed = 1;
  for (const Parameter& parameter : fresh.state()) {
    Tensor value = random_tensor(parameter.value.shape(), ++seed, 0.7);
    if (parameter.name.ends_with("running_var"))
      for (int64_t i = 0; i < value.count(); ++i) value.mutable_data()[i] = 0.5f + std::abs(value.data()[i]);
    map[parameter.name] = {value.shape(), [value] { return value.clone(); }, parameter.name};
  }
  return map;
}

// A block with such parameters, and the store that holds them.
struct BuiltBlock {
  template <class Make>
  BuiltBlock(const Make& make, Purpose purpose) {
    ParameterStore fresh(1, Purpose::kTraining);
    make(Weights(fresh) / "block");
    store = std::make_unique<ParameterStore>(trained(fresh), purpose);
    block = make(Weights(*store) / "block");
  }
  Tensor operator()(const Tensor& x, const Pass& pass = {}) const { return block(x, pass); }

  std::unique_ptr<ParameterStore> store;
  Block block;
};

inline double worst_difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return INFINITY;
  double worst = 0;
  for (int64_t i = 0; i < a.count(); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(a.data()[i] - b.data()[i])));
  return worst;
}

}  // namespace fovea
