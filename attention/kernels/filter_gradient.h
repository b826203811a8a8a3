#pragma once
#include "attention/kernels/packed_convolution.h"

namespace fovea::kernels {

struct FilterGradientArgs {
  const float* x;   // [pictures, height, width, channels]
  const float* dy;  // [pictures, out_height, out_width, outputs]
  int64_t pictures, height, width, channels;
  int64_t out_height, out_width, outputs;
  int64_t groups;
  Window window;
};

// The sums of one group: [4 channels][tap][channel of these][output], outputs padded to whole vectors.
int64_t filter_gradient_sums(const FilterGradientArgs& args);
int64_t filter_gradient_outputs(const FilterGradientArgs& args);  // of a group, padded
// The floats that one call for `channels` channels works in.
int64_t filter_gradient_scratch(const FilterGradientArgs& args, int64_t channels);

// What some pictures give to the gradient of a group's filters.
struct FilterGradientPart {
  int64_t picture_begin, picture_end;
  int64_t group;
  int64_t channel_begin, channel_end;  // of the group; the first a multiple of 4
};
// Adds it to the group's sums. One thread; no allocation.
void filter_gradient(const FilterGradientArgs& args, const FilterGradientPart& part, float* scratch,
                     float* sums);

// The same where each channel is its own group: adds to sums [tap][channel].
void depthwise_filter_gradient(const FilterGradientArgs& args, int64_t picture_begin, int64_t picture_end,
                               float* sums);

}  // namespace fovea::kernels
