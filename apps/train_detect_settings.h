#pragma once
#include "apps/train_settings.h"
#include "vision/detection_batches.h"

namespace fovea {

// What `fovea train detect` was asked for.
struct TrainDetectSettings : TrainSettings {
  std::string images, split, held_out, held_out_images, size, scale;  // "HxW", "LOW,HIGH"
  std::optional<double> backbone_rate;
  std::optional<int64_t> evaluate_every;
  bool train_norms = false, turn = false;
  int64_t denoising = 100, token_copies = 4;
  double flip = 0.5, flip_vertical = 0, colour_jitter = 0, hue_jitter = 0, mosaic = 0;

  void take_defaults();  // for what is not given
  std::map<std::string, std::string> described() const;
  TrainerOptions trainer() const;  // of a model whose backbone is named so
  DetectionAugmentation augmentation() const;
};

void add_train_detect_options(CLI::App& app, TrainDetectSettings& settings);

}  // namespace fovea
