#include "attention/optim/adamw.h"

#include <cmath>

#include "attention/base/parallel.h"
#include "attention/optim/state.h"

namespace fovea {

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWConfig& config)
    : config_(config), groups_(std::move(groups)) {
  expect_each_once(groups_, "adamw");
  for (const ParameterGroup& group : groups_)
    for (const Parameter& p : group.parameters)
      slots_.push_back(
          {Tensor::full(p.value.shape(), 0), Tensor::full(p.value.shape(), 0), Tensor::full({1}, 0)});
}

void AdamW::step(const Gradients& gradients, float learning_rate) {
  size_t i = 0;
  for (const ParameterGroup& group : groups_)
    for (const Parameter& p : group.parameters) {
      Slot& slot = slots_[i++];
      if (gradients.has(p.value))
        update(p.value, gradients[p.value], slot, static_cast<double>(learning_rate) * group.rate,
               group.weight_decay);
    }
}

void AdamW::update(Tensor value, const Tensor& gradient, Slot& slot, double rate, double decay) const {
  const double steps = slot.steps.mutable_data()[0] += 1;
  const auto shrink = static_cast<float>(1 - rate * decay);
  const auto step_size = static_cast<float>(rate / (1 - std::pow(config_.beta1, steps)));
  const auto root = static_cast<float>(std::sqrt(1 - std::pow(config_.beta2, steps)));
  const auto keep1 = static_cast<float>(config_.beta1), take1 = static_cast<float>(1 - config_.beta1);
  const auto keep2 = static_cast<float>(config_.beta2), take2 = static_cast<float>(1 - config_.beta2);
  const auto eps = static_cast<float>(config_.eps);
  const float* g = gradient.data();
  float *w = value.mutable_data(), *m = slot.first.mutable_data(), *v = slot.second.mutable_data();
  parallel_for(value.count(), 16384, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      w[j] *= shrink;
      m[j] = keep1 * m[j] + take1 * g[j];
      v[j] = keep2 * v[j] + take2 * g[j] * g[j];
      w[j] -= step_size * m[j] / (std::sqrt(v[j]) / root + eps);
    }
  });
}

std::map<std::string, Tensor> AdamW::shared_state() const {
  RunState state;
  size_t i = 0;
  for (const ParameterGroup& group : groups_)
    for (const Parameter& p : group.parameters) {
      const Slot& slot = slots_[i++];
      state["first." + p.name] = slot.first;
      state["second." + p.name] = slot.second;
      state["steps." + p.name] = slot.steps;
    }
  return state;
}

std::map<std::string, Tensor> AdamW::state() const {
  return copy_of(shared_state());
}

void AdamW::load(const std::map<std::string, Tensor>& state) {
  restore(state, shared_state(), "adamw");
}

}  // namespace fovea
