#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

// The pictures that a detector is trained on, and those held out to see how it does on new ones.
struct DetectionData {
  AnnotatedPictures train, held_out;  // of the same categories
  std::string train_split, held_out_split;

  std::vector<std::string> labels() const;
  std::map<std::string, int64_t> object_counts() const;  // of what is to be learnt, by category
  std::string fingerprint() const;                       // of all names and boxes
  // Categories in the order of these labels, which are the same ones.
  void order_categories(const std::vector<std::string>& wanted);
};

struct DetectionDataSource {
  std::filesystem::path path, images = {};  // see AnnotationSource
  std::string split = {};     // to train on; empty: train or trainval, or all but what is held out
  std::string held_out = {};  // another split, or another annotation file; empty: a usual one
  std::filesystem::path held_out_images = {};
  double share = -1;  // or this share of the pictures; below 0: a tenth, if there is no usual split
  uint64_t seed = 0;  // of the choice
};

// Fails, naming the path, if there is nothing to learn from it, or if what is held out is trained on as well.
DetectionData open_detection_data(const DetectionDataSource& source);

}  // namespace fovea
