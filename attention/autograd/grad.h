#pragma once
#include <functional>
#include <unordered_map>
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

// One recorded op. A leaf (a parameter in training) has no inputs.
struct GradNode {
  GradNode() = default;
  GradNode(const GradNode&) = delete;
  GradNode& operator=(const GradNode&) = delete;
  ~GradNode();

  std::vector<std::shared_ptr<GradNode>> inputs;                    // null: no gradient wanted
  std::function<std::vector<Tensor>(const Tensor& grad)> backward;  // one gradient per input, or none
};

// Ends every differentiable op: returns `out`, remembering `backward` if an input is recorded.
template <class Backward>
Tensor record(Tensor out, std::initializer_list<Tensor> inputs, Backward&& backward) {
  bool wanted = false;
  for (const Tensor& input : inputs) wanted = wanted || input.grad_node();
  if (!wanted) return out;  // all that inference pays
  auto node = std::make_shared<GradNode>();
  for (const Tensor& input : inputs) node->inputs.push_back(input.grad_node());
  node->backward = std::forward<Backward>(backward);
  out.set_grad_node(std::move(node));
  return out;
}

// Whether record() would remember an op on these inputs; for ops that have a faster way when it would not.
bool recorded(std::initializer_list<Tensor> inputs);

class Gradients {
 public:
  const Tensor& operator[](const Tensor& leaf) const;  // throws if the loss does not depend on it
  bool has(const Tensor& leaf) const;

 private:
  friend Gradients backward(const Tensor& loss);
  std::unordered_map<const GradNode*, Tensor> by_node_;
  std::vector<std::shared_ptr<GradNode>>
      leaves_;  // kept, so that no later leaf has the address of one of them
};

void watch(Tensor& leaf);                // from now on, ops on `leaf` are recorded
Gradients backward(const Tensor& loss);  // `loss` holds one value

}  // namespace fovea
