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
      left_(budget),
      kept_(indices_.size()) {
  for (const int64_t i : indices_)
    if (i < 0 || i >= data_.size())
      fail("batches: picture ", i, " is not one of the ", data_.size(), " of the data set");
}

cv::Mat DecodedPictures::picture(int64_t i) {
  cv::Mat& kept = kept_[static_cast<size_t>(i)];
  if (!kept.empty()) return kept;
  DecodeOptions options;
  options.name = location(i);
  options.apply_exif = recipe_.apply_exif;
  const std::vector<uint8_t> bytes = data_.bytes(indices_[static_cast<size_t>(i)]);
  cv::Mat rgb = decode_image(bytes, options).rgb;
  if (!whole_) rgb = fitted(rgb, recipe_);
  constexpr int64_t kOverhead = 256;  // of a cv::Mat and its block
  const auto cost = static_cast<int64_t>(rgb.total() * rgb.elemSize()) + kOverhead;
  if (left_.fetch_sub(cost) >= cost)
    kept = rgb;
  else
    left_.fetch_add(cost);
  return rgb;
}

}  // namespace fovea
