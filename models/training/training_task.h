#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attention/nn/pass.h"
#include "models/training/training_state.h"
#include "vision/batch.h"

namespace fovea {

// What one step of training made of its pictures.
struct StepResult {
  Tensor loss;           // [1], recorded; none if not one picture could be read
  int64_t pictures = 0;  // that it is the mean of
  double score = 0;      // their sum of what the task calls its score
  // The loss of the same pictures at the weights of now. Wanted if sharpness_radius is not 0.
  std::function<Tensor(const Pass& pass)> again = nullptr;
  std::vector<PictureFailure> failures = {};
};

// What is held out, as a model did on it.
struct HeldOutResult {
  std::vector<double> values;  // of the task's measures but the first two
  std::vector<PictureFailure> failures;
};

// What is learnt, from what, and how that is measured.
struct TrainingTask {
  int64_t steps_per_epoch = 0;
  std::vector<Measure> measures;  // the loss and the score in training; then of what is held out
  // Puts a batch through the model; the same for the same arguments and values.
  std::function<StepResult(int64_t epoch, int64_t step, const Pass& pass)> step;
  // Reads off the pictures what is not learnt, before the first step from nothing. Optional.
  std::function<void()> prepare;
  // How a network of these values does on what is held out; nothing if it was interrupted. Empty: nothing is
  // held out.
  std::function<std::optional<HeldOutResult>(const std::map<std::string, Tensor>& values)> evaluate;
};

}  // namespace fovea
