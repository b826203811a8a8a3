#pragma once
#include "attention/optim/optimiser.h"

namespace fovea {

struct AdamWConfig {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

// AdamW, Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101, with torch.optim.AdamW's order of
// operations: a weight shrinks by rate * decay of itself, apart from its gradient. Its state:
// "first.<parameter>", "second.<parameter>", the moments, and "steps.<parameter>", how often it had a
// gradient.
class AdamW : public Optimiser {
 public:
  explicit AdamW(std::vector<ParameterGroup> groups, const AdamWConfig& config = {});
  void step(const Gradients& gradients, float learning_rate) override;
  std::map<std::string, Tensor> state() const override;
  void load(const std::map<std::string, Tensor>& state) override;

 private:
  struct Slot {
    Tensor first, second, steps;  // steps [1]: a float counts to 16 million
  };
  void update(Tensor value, const Tensor& gradient, Slot& slot, double rate, double decay) const;
  std::map<std::string, Tensor> shared_state() const;

  AdamWConfig config_;
  std::vector<ParameterGroup> groups_;
  std::vector<Slot> slots_;  // in the groups' order
};

}  // namespace fovea
