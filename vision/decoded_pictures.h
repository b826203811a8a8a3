#pragma once
#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "vision/image_folder.h"
#include "vision/kept_pictures.h"
#include "vision/recipe.h"

namespace fovea {

// Pictures of a data set, decoded and fitted to a recipe (or whole), 8UC3. They stay in memory while they
// fit the budget; the others are decoded each time.
class DecodedPictures {
 public:
  DecodedPictures(ImageFolder data, std::vector<int64_t> indices, const Recipe& recipe, bool whole,
                  int64_t budget);
  int64_t size() const { return static_cast<int64_t>(indices_.size()); }
  int label(int64_t i) const { return data_.picture(indices_[static_cast<size_t>(i)]).label; }
  std::string location(int64_t i) const { return data_.location(indices_[static_cast<size_t>(i)]); }
  int64_t classes() const { return static_cast<int64_t>(data_.classes().size()); }

  // Fails if it cannot be read. Not to be written to. From any thread.
  cv::Mat picture(int64_t i) { return kept_(i); }

 private:
  cv::Mat load(int64_t i) const;

  ImageFolder data_;
  std::vector<int64_t> indices_;
  Recipe recipe_;
  bool whole_;
  KeptPictures kept_;
};

}  // namespace fovea
