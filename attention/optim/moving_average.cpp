#include "attention/optim/moving_average.h"

#include <algorithm>

#include "attention/base/parallel.h"
#include "attention/optim/state.h"

namespace fovea {

MovingAverage::MovingAverage(std::vector<Parameter> values, const MovingAverageConfig& config)
    : config_(config), values_(std::move(values)), updates_(Tensor::full({1}, 0)) {
  for (const Parameter& p : values_) averages_.push_back({p.name, p.value.clone()});
}

void MovingAverage::update() {
  const double t = updates_.mutable_data()[0]++;
  const double decay = config_.warm_up ? std::min(config_.decay, (1 + t) / (10 + t)) : config_.decay;
  const auto taken = static_cast<float>(1 - decay);
  for (size_t i = 0; i < values_.size(); ++i) {
    const float* value = values_[i].value.data();
    float* average = averages_[i].value.mutable_data();
    parallel_for(values_[i].value.count(), 16384, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) average[j] += taken * (value[j] - average[j]);
    });
  }
}

void MovingAverage::exchange() {
  for (size_t i = 0; i < values_.size(); ++i)
    std::swap_ranges(values_[i].value.mutable_data(),
                     values_[i].value.mutable_data() + values_[i].value.count(),
                     averages_[i].value.mutable_data());
}

std::map<std::string, Tensor> MovingAverage::shared_state() const {
  RunState state{{"updates", updates_}};
  for (const Parameter& p : averages_) state["average." + p.name] = p.value;
  return state;
}

std::map<std::string, Tensor> MovingAverage::state() const {
  return copy_of(shared_state());
}

void MovingAverage::load(const std::map<std::string, Tensor>& state) {
  restore(state, shared_state(), "moving average");
}

}  // namespace fovea
