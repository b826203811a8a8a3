#include "attention/optim/sharpness_aware.h"

#include <algorithm>
#include <cmath>

#include "attention/base/parallel.h"
#include "attention/ops/pointwise.h"
#include "attention/optim/clip.h"

namespace fovea {
namespace {

constexpr int64_t kChunk = 16384;
constexpr float kSmallest = 0.01f;  // so that a weight of zero can move

// How far a ball of radius 1 reaches along each value of a parameter.
Tensor reach(const Parameter& parameter) {
  Tensor reach = Tensor::full(parameter.value.shape(), 1);
  if (!parameter.name.ends_with("weight")) return reach;
  const float* value = parameter.value.data();
  float* out = reach.mutable_data();
  parallel_for(reach.count(), kChunk, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = std::abs(value[i]) + kSmallest;
  });
  return reach;
}

}  // namespace

Ascent::Ascent(const std::vector<Parameter>& parameters, const Gradients& gradients, double radius) {
  std::vector<Tensor> reaches, slopes;
  double squares = 0;
  for (const Parameter& parameter : parameters) {
    if (!gradients.has(parameter.value)) continue;
    moved_.push_back({parameter.value, parameter.value.clone()});
    reaches.push_back(reach(parameter));
    slopes.push_back(mul(reaches.back(), gradients[parameter.value]));
    squares += sum_of_squares(slopes.back());
  }
  if (squares == 0) return;
  const double length = radius / std::sqrt(squares);
  for (size_t i = 0; i < moved_.size(); ++i) {
    float* value = moved_[i].value.mutable_data();
    parallel_for(moved_[i].value.count(), kChunk, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j)
        value[j] += static_cast<float>(length * reaches[i].data()[j] * slopes[i].data()[j]);
    });
  }
}

Ascent::~Ascent() {
  for (Moved& moved : moved_) std::ranges::copy(moved.before.values(), moved.value.mutable_data());
}

}  // namespace fovea
