#include "vision/decoded_pictures.h"

#include <utility>

#include "attention/base/error.h"
#include "vision/decode.h"
#include "vision/normaliser.h"

namespace fovea {

DecodedPictures::DecodedPictures(ImageFolder data, std::vector<int64_t> indices, const Recipe& recipe,
                                 bool whole, int64_t budget)
    : data_(std::move(data)),
      indices_(std::move(indices)),
      recipe_(recipe),
      whole_(whole),
      kept_(std::ssize(indices_), budget, [this](int64_t i) { return load(i); }) {
  for (const int64_t i : indices_)
    if (i < 0 || i >= data_.size())
      fail("batches: picture ", i, " is not one of the ", data_.size(), " of the data set");
}

cv::Mat DecodedPictures::load(int64_t i) const {
  DecodeOptions options;
  options.name = location(i);
  options.apply_exif = recipe_.apply_exif;
  const std::vector<uint8_t> bytes = data_.bytes(indices_[static_cast<size_t>(i)]);
  const cv::Mat rgb = decode_image(bytes, options).rgb;
  return whole_ ? rgb : fitted(rgb, recipe_);
}

}  // namespace fovea
