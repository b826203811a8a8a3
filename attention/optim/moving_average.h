#pragma once
#include <map>
#include <string>
#include <vector>

#include "attention/nn/weights.h"

namespace fovea {

struct MovingAverageConfig {
  double decay = 0.999;
  bool warm_up =
      false;  // update t, from 0, takes min(decay, (1 + t) / (10 + t)): the start is forgotten soon
};

// Averages of a model's values over its steps, which often predict better than the last ones: average = decay
// * average + (1 - decay) * value. Give it ParameterStore::state(), so that buffers are averaged as well.
class MovingAverage {
 public:
  explicit MovingAverage(std::vector<Parameter> values, const MovingAverageConfig& config = {});
  void update();    // after a step
  void exchange();  // the model gets the averages, and this what the model had; a second time undoes it
  const std::vector<Parameter>& averages() const { return averages_; }  // by the model's names, to save

  // To go on where a run stopped: "average.<name>" of each, and "updates".
  std::map<std::string, Tensor> state() const;
  void load(const std::map<std::string, Tensor>& state);

 private:
  std::map<std::string, Tensor> shared_state() const;

  MovingAverageConfig config_;
  std::vector<Parameter> values_, averages_;
  Tensor updates_;  // [1]
};

}  // namespace fovea
