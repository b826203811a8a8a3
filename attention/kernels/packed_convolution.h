#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "attention/kernels/panels.h"

namespace fovea::kernels {

// How a window moves over a picture; pairs are {vertical, horizontal}.
struct Window {
  std::array<int64_t, 2> size{1, 1}, stride{1, 1}, dilation{1, 1};
  std::array<int64_t, 2> padding{0, 0};  // zeros before the picture; negative: the first window starts inside
  int64_t taps() const { return size[0] * size[1]; }
};

// Where the weights of filters lie: output n, channel c and tap (i, j) of a group at
// data[group * group_stride + n * output_stride + c * channel_stride + i * tap_stride[0] + j *
// tap_stride[1]].
struct FilterView {
  const float* data;
  int64_t groups, outputs, channels;  // outputs and channels of one group
  int64_t group_stride, output_stride, channel_stride;
  std::array<int64_t, 2> tap_stride;
};

// Filters laid out once for the instruction set in use: [group][panel][segment][k][output in panel]; or
// [tap][channel] where each channel is its own group.
class PackedConvolution {
 public:
  // A stretch of the window that lies in one piece in a row of pixels of channels() / groups() floats.
  struct Segment {
    int64_t row;    // of the picture, below the window's first
    int64_t start;  // floats from the window's first column
    int64_t depth;
  };

  PackedConvolution() = default;  // no filters; tests false
  PackedConvolution(const FilterView& w, const Window& window);

  explicit operator bool() const { return values_ != nullptr; }
  const Window& window() const { return window_; }
  int64_t groups() const { return groups_; }
  int64_t outputs() const { return outputs_ * groups_; }
  int64_t channels() const { return channels_ * groups_; }
  int64_t group_outputs() const { return outputs_; }
  int64_t group_channels() const { return channels_; }
  bool depthwise() const { return groups_ > 1 && outputs_ == 1 && channels_ == 1; }

  // Few channels: a pixel holds the window's rows one after another, so that the window is one stretch.
  bool stacked() const { return stacked_; }
  const std::vector<Segment>& segments() const { return segments_; }
  int64_t lanes() const { return lanes_; }              // floats in a vector of the set they were packed for
  Panels panels() const { return {outputs_, lanes_}; }  // of a group's outputs
  int64_t depth() const { return window_.taps() * channels_; }  // of all segments
  int64_t padded_channels() const { return (channels() + lanes_ - 1) / lanes_ * lanes_; }
  const float* data(int64_t group = 0) const { return values_.get() + group * depth() * panels().padded(); }

 private:
  void cut();
  void pack(const FilterView& w, float* out) const;
  void pack_depthwise(const FilterView& w, float* out) const;

  Window window_;
  int64_t groups_ = 0, outputs_ = 0, channels_ = 0, lanes_ = 0;
  bool stacked_ = false;
  std::vector<Segment> segments_;
  std::shared_ptr<const float[]> values_;
};

}  // namespace fovea::kernels
