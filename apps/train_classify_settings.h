#pragma once
#include "apps/train_settings.h"
#include "vision/augment.h"

namespace fovea {

// What `fovea train classify` was asked for.
struct TrainClassifySettings : TrainSettings {
  std::optional<int64_t> crop_padding;
  std::optional<double> label_smoothing, flip;
  Augmentation::Border border = Augmentation::Border::kZero;
  double mixup = 0, cutmix = 0, random_resized_crop = 0, colour_jitter = 0, hue = 0, random_erasing = 0;
  std::string rand_augment, split;  // "N,M"
  std::vector<std::string> teachers;
  double teacher_weight = 0.5, temperature = 2;
  int64_t cutout = 0, size = 0;

  void take_defaults();  // for what is not given
  std::map<std::string, std::string> described() const;
  Augmentation augmentation() const;  // but for a crop padding that depends on the network's input
};

void add_train_classify_options(CLI::App& app, TrainClassifySettings& settings);

}  // namespace fovea
