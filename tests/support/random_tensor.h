#pragma once
#include <vector>

#include "attention/base/rng.h"
#include "attention/tensor/tensor.h"

namespace fovea {

inline Tensor random_tensor(Shape shape, uint64_t seed, double scale = 1) {
  Rng rng(seed);
  Tensor t(shape);
  for (int64_t i = 0; i < t.count(); ++i) t.mutable_data()[i] = static_cast<float>(scale * rng.normal());
  return t;
}

inline std::vector<float> list(const Tensor& t) {
  return {t.values().begin(), t.values().end()};
}

inline Tensor counting(Shape shape) {
  Tensor t(shape);
  for (int64_t i = 0; i < t.count(); ++i) t.mutable_data()[i] = static_cast<float>(i);
  return t;
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return false;
  for (int64_t i = 0; i < a.count(); ++i)
    if (!(a.data()[i] == b.data()[i])) return false;
  return true;
}

}  // namespace fovea
