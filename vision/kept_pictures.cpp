#include "vision/kept_pictures.h"

namespace fovea {

cv::Mat KeptPictures::operator()(int64_t i) {
  cv::Mat& kept = kept_[static_cast<size_t>(i)];
  {
    const std::lock_guard lock(mutex_);
    if (!kept.empty()) return kept;
  }
  cv::Mat picture = load_(i);
  constexpr int64_t kOverhead = 256;  // of a cv::Mat and its block
  const auto cost = static_cast<int64_t>(picture.total() * picture.elemSize()) + kOverhead;
  const std::lock_guard lock(mutex_);
  if (kept.empty() && left_ >= cost) {
    left_ -= cost;
    kept = picture;
  }
  return picture;
}

}  // namespace fovea
