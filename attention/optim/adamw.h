#pragma once
#include "attention/autograd/grad.h"
#include "attention/nn/weights.h"

namespace fovea {

struct AdamWConfig {
  float learning_rate = 1e-3f, beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f, weight_decay = 0.01f;
};

// AdamW, Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101, with torch.optim.AdamW's order of
// operations.
class AdamW {
 public:
  AdamW(std::vector<Parameter> parameters, const AdamWConfig& config);
  void step(
      const Gradients& gradients);  // writes the parameters' values; one without a gradient is left alone

 private:
  struct Moments {
    Tensor first, second;
  };
  AdamWConfig config_;
  std::vector<Parameter> parameters_;
  std::vector<Moments> moments_;
  int64_t steps_ = 0;
};

}  // namespace fovea
