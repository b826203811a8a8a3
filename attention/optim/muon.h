#pragma once
#include "attention/optim/adamw.h"

namespace fovea {

struct MuonConfig {
  float momentum = 0.95f;  // Nesterov's
  int iterations = 5;      // Newton and Schulz's
};

// Muon, Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/: a matrix steps by its momentum with
// all singular values brought near 1, so that no direction of the gradient drowns the others. A convolution's
// filters are the rows of a matrix. Steps are as long as AdamW's usually are, 0.2 an element (Liu et al.
// 2025, https://arxiv.org/abs/2502.16982; torch.optim.Muon's "match_rms_adamw"), so that both take the same
// learning rate and decay, which is decoupled. `others` (biases, norms, tokens, the head) go by AdamW itself.
//
// State: "momentum.<parameter>" of each matrix, and AdamW's of the others.
class Muon : public Optimiser {
 public:
  Muon(std::vector<ParameterGroup> matrices, std::vector<ParameterGroup> others,
       const MuonConfig& config = {});
  void step(const Gradients& gradients, float learning_rate) override;
  std::map<std::string, Tensor> state() const override;
  void load(const std::map<std::string, Tensor>& state) override;

 private:
  void update(Tensor value, const Tensor& gradient, Tensor momentum, float rate, float decay) const;
  std::map<std::string, Tensor> shared_state() const;

  MuonConfig config_;
  std::vector<ParameterGroup> matrices_;
  std::vector<Tensor> momenta_;  // in the matrices' order
  AdamW others_;
};

// [rows, columns] with every singular value brought to about 0.7 to 1.2, its directions kept: the quintic
// iteration of Newton and Schulz that Muon's authors tuned for few steps.
Tensor orthogonalised(const Tensor& matrix, int iterations);

}  // namespace fovea
