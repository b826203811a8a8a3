#pragma once
#include <functional>
#include <optional>

#include "apps/inputs.h"
#include "vision/video.h"

namespace fovea {

// Pictures one by one: those of Inputs, and in a video's place its frames, and its failure after them where
// it does not reach its end.
class PictureSource {
 public:
  struct Options {
    bool videos = false;  // else they are pictures that cannot be read
    int64_t every = 1;    // of so many frames the first
    // Where an input's results go, which may fail it: its picture, or a video of this size, and its labels or
    // those of a video's frame.
    std::function<void(Input&, std::optional<cv::Size> video)> claim_picture = nullptr;
    std::function<void(Input&)> claim_labels = nullptr;
  };
  PictureSource(Inputs& inputs, Options options) : inputs_(inputs), options_(std::move(options)) {}
  std::optional<Input> next();

 private:
  Input claimed(Input input) const;
  Input labelled(Input input) const;
  void open_video();
  std::optional<Input> next_frame();

  Inputs& inputs_;
  Options options_;
  std::optional<VideoReader> video_;
  Input of_video_;
};

}  // namespace fovea
