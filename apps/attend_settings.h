#pragma once
#include <optional>
#include <string>

#include "apps/picture_verb.h"
#include "models/pipelines/explainer.h"
#include "vision/attention_view.h"

namespace fovea {

struct AttendSettings {
  PictureOptions pictures;
  std::string kind, class_name;    // empty: the model's usual one; the best
  MapRequest request;              // without its kind and class
  std::optional<float> threshold;  // as it was given; see least_score()
  OverlayStyle style;
  std::string output, save_raw;
  bool sheet = false, page = false, score = false, check_weights = false, force = false;
  int64_t every = 1;

  float least_score() const { return threshold.value_or(0.5f); }  // that a detector's object has to pass
  bool names_video() const;   // whether a video is among the inputs, as far as arguments say
  bool writes_pages() const;  // rather than PNG files
  bool one_file() const;      // --output or --save-raw has room for one map
};

// Whether a path is meant as one file, by its ending; else it is a folder.
bool is_output_file(const std::string& path);

void add_attend_options(CLI::App& app, AttendSettings& settings);
void check(const AttendSettings& settings);  // what does not go together is a kUsage error

// What every picture is asked for; what this model can never show is a kUsage error.
MapRequest request_for(const AttendSettings& settings, const Explainer& explainer);

}  // namespace fovea
