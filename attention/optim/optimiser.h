#pragma once
#include <map>
#include <string>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/nn/weights.h"

namespace fovea {

// Parameters that are trained alike.
struct ParameterGroup {
  std::vector<Parameter> parameters;
  float weight_decay = 0;
  float rate = 1;  // times the step's learning rate
};

// Two groups: weights that shrink (matrices, convolutions), and those that do not: all of rank 1 or less
// (biases, norms' scales), those whose last word is a bias, a token or a position, and those under the names
// in `spared`, prefixes of whole words.
std::vector<ParameterGroup> decay_groups(const std::vector<Parameter>& parameters, float weight_decay,
                                         const std::vector<std::string>& spared = {});

// Steps write the parameters' values; one without a gradient is left alone. Not for use between a forward and
// its backward.
class Optimiser {
 public:
  virtual ~Optimiser() = default;
  virtual void step(const Gradients& gradients, float learning_rate) = 0;

  // What a run needs to go on where it stopped, by "momentum.<parameter>" and the like; load() wants just
  // what state() gave, and says in one line what is missing or misshapen.
  virtual std::map<std::string, Tensor> state() const = 0;
  virtual void load(const std::map<std::string, Tensor>& state) = 0;
};

}  // namespace fovea
