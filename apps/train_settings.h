#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/options.h"
#include "apps/progress.h"
#include "models/training/run_folder.h"
#include "models/training/trainer.h"
#include "vision/augment.h"

namespace fovea {

// What `fovea train classify` was asked for. What is not given has a default that depends on whether a
// checkpoint is trained further or a network from nothing.
struct TrainSettings {
  std::string data, model, folder = "run";
  bool resume = false, force = false, stop_at_failure = false, quiet = false;
  int threads = 0;
  Progress::Mode progress = Progress::Mode::kAuto;
  double checkpoint_minutes = 5;
  int64_t checkpoint_steps = 0;

  uint64_t seed = 0;
  std::optional<int64_t> epochs, batch, crop_padding;
  std::optional<double> learning_rate, weight_decay, warm_up, label_smoothing, clip_norm, flip;
  std::optional<TrainerOptions::Method> method;
  std::optional<Schedule::Kind> schedule;
  double momentum = 0.9, average = 0, mixup = 0, cutmix = 0, random_resized_crop = 0, colour_jitter = 0,
         random_erasing = 0, hold_out = -1;
  std::string rand_augment, split;  // "N,M"
  int64_t cutout = 0, size = 0;
  std::vector<std::string> frozen;

  bool from_checkpoint() const;
  void take_defaults();  // for what is not given
  // What a resumed run must have alike, by the options' names.
  std::map<std::string, std::string> described() const;
  TrainerOptions trainer() const;
  Augmentation augmentation() const;  // but for a crop padding that depends on the network's input
  RunFolder::Start start() const;
};

void add_train_options(CLI::App& app, TrainSettings& settings);

}  // namespace fovea
