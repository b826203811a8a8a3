#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/options.h"
#include "apps/progress.h"
#include "models/training/run_folder.h"
#include "models/training/trainer.h"

namespace fovea {

// What `fovea train` was asked for, whatever is trained. What is not given has a default that depends on the
// verb and on whether a checkpoint is trained further or a model from nothing.
struct TrainSettings {
  std::string data, model, folder = "run";
  bool resume = false, force = false, stop_at_failure = false, quiet = false;
  int threads = 0;
  Progress::Mode progress = Progress::Mode::kAuto;
  double checkpoint_minutes = 5;
  int64_t checkpoint_steps = 0;
  Dtype dtype = Dtype::kF32;

  uint64_t seed = 0;
  std::optional<int64_t> epochs, batch;
  std::optional<double> learning_rate, weight_decay, warm_up, clip_norm, average;
  double sharpness_radius = 0;
  std::optional<TrainerOptions::Method> method;
  std::optional<Schedule::Kind> schedule;
  std::optional<double> momentum;
  double hold_out = -1;
  std::vector<std::string> frozen;

  void find_model();  // by its folder or its name; fails if data or model are not given
  bool from_checkpoint() const;
  // What a resumed run must have alike, by the options' names. A new option that is off says "", as runs that
  // began before it was there.
  std::map<std::string, std::string> described() const;
  TrainerOptions trainer() const;
  void check_given() const;  // what is given and would do nothing is a kUsage error; with method and schedule
  RunFolder::Start start() const;
};

template <class Value>
void settle(std::optional<Value>& value, Value otherwise) {
  if (!value) value = otherwise;
}

// Settles what was left open, once the options are read; what is wrong is a kUsage error, said before
// anything is opened.
template <class Settings>
void complete(Settings& settings) {
  settings.find_model();
  settings.take_defaults();
  settings.augmentation();
}

std::string shown(double number);  // shortest that reads back the same

// What the help says of the options that verbs share.
struct TrainHelp {
  const char *data, *model, *hold_out, *epochs, *batch, *optimizer, *learning_rate, *weight_decay, *schedule,
      *warm_up, *clip_norm, *average, *freeze;
};

// Returns --holdout, that options may exclude.
CLI::Option* add_train_options(CLI::App& app, TrainSettings& settings, const TrainHelp& help);

}  // namespace fovea
