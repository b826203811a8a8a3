#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "vision/image_folder.h"

namespace fovea {

// The pictures that a classifier is trained on, and those held out to see how it does on new ones.
struct ClassificationData {
  ImageFolder pictures;
  std::vector<int64_t> train;  // indices into them
  ImageFolder held_out_pictures;
  std::vector<int64_t> held_out;

  const std::vector<std::string>& classes() const { return pictures.classes(); }
  std::map<std::string, int64_t> train_counts() const;  // by class
  std::string fingerprint() const;                      // of all names and labels
};

struct HeldOut {
  std::string split;  // the split that is held out; empty: one of the usual names, if there is one
  double share = -1;  // or this share of the pictures; below 0: a tenth, if there is no such split
  uint64_t seed = 0;  // of the choice
};

// Of a data set's splits the one that is usually held out: val, valid, validation or test; empty if none is
// there.
std::string usual_held_out(const std::vector<std::string>& splits);

// Whether a class of that name can be trained: a config holds it, and a line of text.
bool can_name_class(const std::string& name);

// Fails, naming the path, if there is nothing to learn from it.
ClassificationData open_classification_data(const std::filesystem::path& path, const HeldOut& wanted);

}  // namespace fovea
