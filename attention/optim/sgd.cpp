#include "attention/optim/sgd.h"

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/optim/state.h"

namespace fovea {

Sgd::Sgd(std::vector<ParameterGroup> groups, const SgdConfig& config)
    : config_(config), groups_(std::move(groups)) {
  if (config_.nesterov && config_.momentum == 0) fail("sgd: Nesterov's step needs a momentum");
  expect_each_once(groups_, "sgd");
  for (const ParameterGroup& group : groups_)
    for (const Parameter& p : group.parameters)
      momenta_.push_back(config_.momentum != 0 ? Tensor::full(p.value.shape(), 0) : Tensor());
}

void Sgd::step(const Gradients& gradients, float learning_rate) {
  size_t i = 0;
  for (const ParameterGroup& group : groups_)
    for (const Parameter& p : group.parameters) {
      const Tensor& momentum = momenta_[i++];
      if (gradients.has(p.value))
        update(p.value, gradients[p.value], momentum, learning_rate * group.rate, group.weight_decay);
    }
}

void Sgd::update(Tensor value, const Tensor& gradient, Tensor momentum, float rate, float decay) const {
  const bool decoupled = config_.decay == WeightDecay::kDecoupled;
  const float shrink = decoupled ? 1 - rate * decay : 1, added = decoupled ? 0 : decay;
  const float keep = config_.momentum;
  const float* g = gradient.data();
  float *w = value.mutable_data(), *m = momentum.mutable_data();
  parallel_for(value.count(), 16384, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      float step = g[j] + added * w[j];
      w[j] *= shrink;
      if (m) {
        m[j] = keep * m[j] + step;
        step = config_.nesterov ? step + keep * m[j] : m[j];
      }
      w[j] -= rate * step;
    }
  });
}

std::map<std::string, Tensor> Sgd::shared_state() const {
  RunState state;
  size_t i = 0;
  for (const ParameterGroup& group : groups_)
    for (const Parameter& p : group.parameters)
      if (const Tensor& momentum = momenta_[i++]) state["momentum." + p.name] = momentum;
  return state;
}

std::map<std::string, Tensor> Sgd::state() const {
  return copy_of(shared_state());
}

void Sgd::load(const std::map<std::string, Tensor>& state) {
  restore(state, shared_state(), "sgd");
}

}  // namespace fovea
