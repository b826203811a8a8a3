#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

// What is measured in each epoch: a column of metrics.csv, and a curve of a panel of curves.png.
struct Measure {
  const char *column, *word, *panel, *curve;
};

// One epoch's line in metrics.csv. What was not measured is not a number.
struct EpochMetrics {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  int64_t epoch = 0, step = 0;  // epochs and steps that are done
  double learning_rate = 0;     // of the last step
  std::vector<double>
      values;  // of each measure: in training the loss and the score, then of what is held out
  double seconds = 0, images_per_second = 0;
};

// Where a run is: all it needs to go on as if it had never stopped.
struct TrainingState {
  std::map<std::string, std::string> options;  // what the run was asked for, by the options' names
  int64_t epoch = 0, step = 0;                 // epochs that are done, and steps of the one after them
  double loss_sum = 0, score_sum = 0;          // of that epoch so far, as the next two
  int64_t seen = 0;
  bool begun() const { return epoch > 0 || step > 0; }
  double seconds = 0;
  std::vector<EpochMetrics> epochs;
  std::map<std::string, std::string> unreadable;  // pictures, and why
  std::map<std::string, Tensor> tensors;          // "model.<name>", "optimiser.<name>", "average.<name>"
};

// One file, so that it is whole at any moment, or not there.
void save_training_state(const std::filesystem::path& file, const TrainingState& state);
TrainingState read_training_state(const std::filesystem::path& file);

// Tensors whose names begin with `prefix`, without it; and the reverse.
std::map<std::string, Tensor> tensors_under(const std::string& prefix,
                                            const std::map<std::string, Tensor>& tensors);
void put_under(const std::string& prefix, const std::map<std::string, Tensor>& from,
               std::map<std::string, Tensor>& to);

// Text as a state keeps it: bytes that are no UTF-8 replaced.
std::string as_kept(const std::string& text);

// The first option that is not as it was, in words: "--lr was 0.1 and is 0.2"; empty if all are.
std::string first_difference(const std::map<std::string, std::string>& was,
                             const std::map<std::string, std::string>& is);

}  // namespace fovea
