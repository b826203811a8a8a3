#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "vision/annotations.h"
#include "vision/kept_pictures.h"
#include "vision/labelled_picture.h"
#include "vision/recipe.h"

namespace fovea {

// Some pictures of an annotated data set, decoded whole, with the boxes that are to be learnt: neither crowds
// nor difficult ones. They stay in memory while they fit the budget.
class LabelledPictures {
 public:
  LabelledPictures(const AnnotatedPictures& data, std::vector<int64_t> indices, bool apply_exif,
                   int64_t budget);
  int64_t size() const { return std::ssize(indices_); }
  int64_t index(int64_t i) const { return indices_[static_cast<size_t>(i)]; }  // in the data set
  const AnnotatedPicture& entry(int64_t i) const { return entries_[static_cast<size_t>(i)]; }
  std::string location(int64_t i) const { return (folder_ / entry(i).file).string(); }

  // Fails if it cannot be read. Pixels are not to be written to. From any thread.
  LabelledPicture picture(int64_t i);

 private:
  std::filesystem::path folder_;
  std::vector<int64_t> indices_;
  std::vector<AnnotatedPicture> entries_;  // of the indices
  bool apply_exif_;
  KeptPictures kept_;
};

}  // namespace fovea
