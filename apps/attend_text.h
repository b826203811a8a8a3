#pragma once
#include <string>

#include "apps/attend_maps.h"
#include "apps/detection_text.h"

namespace fovea {

// How maps are told in each of the formats.
struct AttendWords {
  std::string model, architecture;
  MapRequest request;
  DetectionWords detections;
  bool detects = false;
  bool frames = false;  // videos are among the inputs
  uint64_t seed = 0;    // of the drawn weights that a map is checked against
};

std::string text_of(const Result& result, const AttendWords& words);
std::string json_of(const Result& result, const AttendWords& words);  // members of the record
std::string csv_of(const Result& result, const AttendWords& words);
std::string csv_header(const AttendWords& words);

}  // namespace fovea
