#pragma once
#include <cmath>
#include <map>

#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "attention/optim/optimiser.h"
#include "tests/support/random_tensor.h"

namespace fovea {

// Two parameters, "layer.weight" [3, 5] and "layer.bias" [4], whose gradient is value^2 * a random constant;
// larger than one piece of a parallel loop, if asked.
struct Problem {
  explicit Problem(int64_t rows = 3)
      : store(7, Purpose::kTraining),
        weight((Weights(store) / "layer").get("weight", {rows, 5}, Init::kXavier)),
        bias((Weights(store) / "layer").get("bias", {4}, Init::kOnes)),
        weight_factor(random_tensor({rows, 5}, 1)),
        bias_factor(random_tensor({4}, 2)) {}

  Gradients gradients() const {
    return backward(sum_all(mul(mul(mul(weight, weight), weight), scale(weight_factor, 1 / 3.f))) +
                    sum_all(mul(mul(mul(bias, bias), bias), scale(bias_factor, 1 / 3.f))));
  }
  std::vector<ParameterGroup> groups() const {
    return {{.parameters = {{"layer.weight", weight}}, .weight_decay = 0.1f},
            {.parameters = {{"layer.bias", bias}}, .rate = 0.5f}};
  }

  ParameterStore store;
  Tensor weight, bias, weight_factor, bias_factor;
};

// The same in double, one value at a time: step(value, gradient, slot, rate, decay) is the optimiser.
struct DoubleProblem {
  using Step = void (*)(double& value, double gradient, std::array<double, 3>& slot, double rate,
                        double decay);
  explicit DoubleProblem(const Problem& problem) {
    add(problem.weight, problem.weight_factor, 0.1f, 1);
    add(problem.bias, problem.bias_factor, 0, 0.5);
  }
  void step(Step optimiser, double rate) {
    for (Value& v : values) optimiser(v.value, v.value * v.value * v.factor, v.slot, rate * v.rate, v.decay);
  }
  // The largest difference to the weights and biases of `problem`.
  double error(const Problem& problem) const {
    double worst = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto weights = static_cast<size_t>(problem.weight.count());
      const float got = i < weights ? problem.weight.data()[i] : problem.bias.data()[i - weights];
      worst = std::max(worst, std::abs(values[i].value - static_cast<double>(got)));
    }
    return worst;
  }

 private:
  struct Value {
    double value, factor, decay, rate;
    std::array<double, 3> slot{};
  };
  void add(const Tensor& value, const Tensor& factor, double decay, double rate) {
    for (int64_t i = 0; i < value.count(); ++i)
      values.push_back({value.data()[i], factor.data()[i], decay, rate});
  }
  std::vector<Value> values;
};

// Six steps, and three steps whose state a second optimiser takes over for three more: the same bits.
template <class Make>
bool resumes_exactly(Make make) {
  const Problem straight, stopped;
  const auto whole = make(straight.groups()), first = make(stopped.groups());
  for (int i = 0; i < 6; ++i) whole->step(straight.gradients(), 0.05f + 0.01f * static_cast<float>(i));
  for (int i = 0; i < 3; ++i) first->step(stopped.gradients(), 0.05f + 0.01f * static_cast<float>(i));
  const auto second = make(stopped.groups());
  second->load(first->state());
  for (int i = 3; i < 6; ++i) second->step(stopped.gradients(), 0.05f + 0.01f * static_cast<float>(i));
  return same_bits(straight.weight, stopped.weight) && same_bits(straight.bias, stopped.bias);
}

}  // namespace fovea
