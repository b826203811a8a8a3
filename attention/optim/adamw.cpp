#include "attention/optim/adamw.h"

#include <cmath>

#include "attention/base/parallel.h"

namespace fovea {

AdamW::AdamW(std::vector<Parameter> parameters, const AdamWConfig& config)
    : config_(config), parameters_(std::move(parameters)) {
  for (const Parameter& p : parameters_)
    moments_.push_back({Tensor::full(p.value.shape(), 0), Tensor::full(p.value.shape(), 0)});
}

void AdamW::step(const Gradients& gradients) {
  ++steps_;
  const AdamWConfig& c = config_;
  const double correction1 = 1 - std::pow(static_cast<double>(c.beta1), steps_);
  const double correction2 = 1 - std::pow(static_cast<double>(c.beta2), steps_);
  const auto step_size = static_cast<float>(c.learning_rate / correction1);
  const auto root = static_cast<float>(std::sqrt(correction2));
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Tensor& value = parameters_[i].value;
    if (!gradients.has(value)) continue;
    const float* g = gradients[value].data();
    float *w = value.mutable_data(), *m = moments_[i].first.mutable_data(),
          *v = moments_[i].second.mutable_data();
    parallel_for(value.count(), 16384, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) {
        w[j] *= 1 - c.learning_rate * c.weight_decay;
        m[j] = c.beta1 * m[j] + (1 - c.beta1) * g[j];
        v[j] = c.beta2 * v[j] + (1 - c.beta2) * g[j] * g[j];
        w[j] -= step_size * m[j] / (std::sqrt(v[j]) / root + c.eps);
      }
    });
  }
}

}  // namespace fovea
