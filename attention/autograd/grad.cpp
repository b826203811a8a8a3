#include "attention/autograd/grad.h"

#include <unordered_set>
#include <utility>

#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

// `sum` is written later, so it keeps the values of the first term only where no other tensor reads them.
void add_into(Tensor& sum, Tensor term) {
  if (!sum) {
    sum = term.sole_holder() ? std::move(term) : term.clone();
    sum.set_grad_node(nullptr);
    return;
  }
  float* const values = sum.mutable_data();
  const float* const more = term.data();
  parallel_for(sum.count(), 65536, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) values[i] += more[i];
  });
}

// Inputs before the ops that read them; a loop, since a deep model would exhaust the stack.
std::vector<const GradNode*> execution_order(const GradNode* root) {
  std::vector<const GradNode*> order;
  std::unordered_set<const GradNode*> seen{root};
  std::vector<std::pair<const GradNode*, size_t>> stack{{root, 0}};
  while (!stack.empty()) {
    auto& [node, next] = stack.back();
    if (next == node->inputs.size()) {
      order.push_back(node);
      stack.pop_back();
    } else if (const GradNode* input = node->inputs[next++].get(); input && seen.insert(input).second) {
      stack.emplace_back(input, 0);
    }
  }
  return order;
}

}  // namespace

// Lets go of the chain behind it in a loop, for the same reason.
GradNode::~GradNode() {
  std::vector<std::shared_ptr<GradNode>> loose = std::move(inputs);
  backward = nullptr;  // holds tensors, which hold nodes
  while (!loose.empty()) {
    const std::shared_ptr<GradNode> node = std::move(loose.back());
    loose.pop_back();
    if (!node || node.use_count() > 1) continue;
    for (std::shared_ptr<GradNode>& input : node->inputs) loose.push_back(std::move(input));
    node->inputs.clear();
  }
}

bool recorded(std::initializer_list<Tensor> inputs) {
  for (const Tensor& input : inputs)
    if (input.grad_node()) return true;
  return false;
}

bool Gradients::has(const Tensor& leaf) const {
  return by_node_.contains(leaf.grad_node().get());
}

const Tensor& Gradients::operator[](const Tensor& leaf) const {
  auto found = by_node_.find(leaf.grad_node().get());
  if (found == by_node_.end()) fail("gradients: the loss does not depend on this tensor ", leaf.shape());
  return found->second;
}

void watch(Tensor& leaf) {
  leaf.set_grad_node(std::make_shared<GradNode>());
}

Gradients backward(const Tensor& loss) {
  if (loss.count() != 1 || !loss.grad_node()) fail("backward: needs one recorded value, got ", loss.shape());
  Gradients gradients;
  auto& by_node = gradients.by_node_;
  by_node[loss.grad_node().get()] = Tensor::full(loss.shape(), 1);
  const auto order = execution_order(loss.grad_node().get());
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const GradNode* node = *it;
    if (!node->backward) continue;  // a leaf keeps its gradient
    auto entry = by_node.extract(node);
    if (!entry) continue;
    std::vector<Tensor> input_grads = node->backward(entry.mapped());
    entry = {};  // the op's own gradient is often one of its inputs' too, as of a sum
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      const std::shared_ptr<GradNode>& input = node->inputs[i];
      if (!input || !input_grads[i]) continue;
      if (!input->backward) gradients.leaves_.push_back(input);
      add_into(by_node[input.get()], std::exchange(input_grads[i], {}));
    }
  }
  return gradients;
}

}  // namespace fovea
