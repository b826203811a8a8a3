#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/result.h"

namespace fovea {

// How a detector's answers are told: what its classes are called, and where boxes end.
struct DetectionWords {
  std::vector<std::string> labels;
  std::vector<std::optional<int64_t>> categories;  // of the data set, one a class
  float threshold = 0.5f;
  bool whole_pixels = false;  // as the Python library's pipeline: not cut to the picture, rounded towards 0

  std::string label(int64_t class_id) const;
  std::optional<int64_t> category(int64_t class_id) const;
  Box box(const Detection& object, const Result& result) const;  // cut to the picture, unless whole_pixels
};

// A picture's objects in each of the formats.
std::string text_of(const Result& result, const DetectionWords& words);
std::string json_of(const Result& result, const DetectionWords& words);  // "objects":[...]
std::string csv_of(const Result& result, const DetectionWords& words, bool frames);
std::string csv_header(bool frames);
// COCO's, with commas between and none around; objects of classes without a category are left out.
std::string coco_of(const Result& result, const DetectionWords& words, int64_t image_id);
std::string yolo_of(const Result& result, const DetectionWords& words);  // class cx cy w h score, 0 to 1
std::string yolo_classes(const DetectionWords& words);                   // classes.txt: a line a class
std::string voc_of(const Result& result, const DetectionWords& words);   // pixels count from 1

}  // namespace fovea
