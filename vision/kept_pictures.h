#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <opencv2/core.hpp>
#include <vector>

namespace fovea {

// Pictures that stay in memory while they fit the budget; the others are loaded each time. From any thread.
class KeptPictures {
 public:
  using Load = std::function<cv::Mat(int64_t i)>;
  KeptPictures(int64_t count, int64_t budget, Load load)
      : load_(std::move(load)), left_(budget), kept_(static_cast<size_t>(count)) {}
  KeptPictures(const KeptPictures&) = delete;
  KeptPictures& operator=(const KeptPictures&) = delete;

  cv::Mat operator()(int64_t i);  // fails as `load` does; not to be written to

 private:
  Load load_;
  std::mutex mutex_;
  int64_t left_;  // of the budget
  std::vector<cv::Mat> kept_;
};

}  // namespace fovea
