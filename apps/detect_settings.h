#pragma once
#include <string>

#include "apps/picture_verb.h"

namespace fovea {

struct DetectSettings {
  PictureOptions pictures;
  float threshold = 0.5f;
  bool hf_compat = false, force = false;
  std::string save, output, annotations, split;
  int64_t every = 1;

  // Whether a video is among the inputs, as far as arguments say.
  bool names_video() const;
};

void add_detect_options(CLI::App& app, DetectSettings& settings);
void check(const DetectSettings& settings);  // what does not go together is a kUsage error

}  // namespace fovea
