#pragma once
#include "attention/optim/optimiser.h"

namespace fovea {

// How weights shrink: kCoupled adds decay * weight to the gradient, so that it runs through the momentum, as
// torch.optim.SGD does; kDecoupled takes rate * decay of the weight itself off it, as AdamW does.
enum class WeightDecay { kCoupled, kDecoupled };

struct SgdConfig {
  float momentum = 0.9f;
  bool nesterov = false;  // steps by gradient + momentum * the new momentum, instead of the new momentum
  WeightDecay decay = WeightDecay::kCoupled;
};

// Gradient descent with momentum, torch.optim.SGD's form: momentum = config.momentum * momentum + gradient,
// with the learning rate outside. Its state: "momentum.<parameter>", or none without momentum.
class Sgd : public Optimiser {
 public:
  explicit Sgd(std::vector<ParameterGroup> groups, const SgdConfig& config = {});
  void step(const Gradients& gradients, float learning_rate) override;
  std::map<std::string, Tensor> state() const override;
  void load(const std::map<std::string, Tensor>& state) override;

 private:
  void update(Tensor value, const Tensor& gradient, Tensor momentum, float rate, float decay) const;
  std::map<std::string, Tensor> shared_state() const;

  SgdConfig config_;
  std::vector<ParameterGroup> groups_;
  std::vector<Tensor> momenta_;  // in the groups' order; none without momentum
};

}  // namespace fovea
