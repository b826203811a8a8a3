#include <algorithm>

#include "attention/base/parallel.h"
#include "attention/kernels/filter_gradient.h"
#include "attention/ops/direct_convolution.h"

namespace fovea {
namespace {

using kernels::FilterGradientArgs;

constexpr int64_t kChannels = 64;  // that a task takes: with its share of dy they fit L2

// Partial sums over fixed stretches of pictures, added in order at the end: as many as fit some megabytes.
int64_t stretches(int64_t sums, int64_t pictures) {
  constexpr int64_t kMost = 16, kFloats = int64_t{1} << 23;
  return std::min(pictures, std::clamp<int64_t>(kFloats / std::max<int64_t>(sums, 1), 1, kMost));
}

// sums [stretch][group][4 channels][tap][channel of these][output] -> dw [group, output][channel][tap].
void collect(const FilterGradientArgs& a, const float* sums, int64_t count, float* dw) {
  const int64_t padded = filter_gradient_outputs(a), group_sums = filter_gradient_sums(a);
  const int64_t outputs = a.outputs / a.groups, channels = a.channels / a.groups, taps = a.window.taps();
  parallel_for(a.groups * channels, 8, [&](int64_t begin, int64_t end) {
    std::vector<float> total(static_cast<size_t>(outputs));
    for (int64_t c = begin; c < end; ++c)
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t group = c / channels, channel = c % channels;
        const float* from =
            sums + group * group_sums + ((channel / 4 * taps + tap) * 4 + channel % 4) * padded;
        std::copy_n(from, outputs, total.begin());
        for (int64_t s = 1; s < count; ++s)
          for (size_t n = 0; n < total.size(); ++n)
            total[n] += from[s * a.groups * group_sums + static_cast<int64_t>(n)];
        float* to = dw + (group * outputs * channels + channel) * taps + tap;
        for (float value : total) *to = value, to += channels * taps;
      }
  });
}

void depthwise_gradient(const FilterGradientArgs& a, float* dw) {
  const int64_t taps = a.window.taps(), size = taps * a.channels;
  const int64_t count = stretches(size, a.pictures), stretch = (a.pictures + count - 1) / count;
  Tensor sums = Tensor::full({count, size}, 0);
  parallel_for(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s)
      depthwise_filter_gradient(a, std::min(a.pictures, s * stretch), std::min(a.pictures, (s + 1) * stretch),
                                sums.mutable_data() + s * size);
  });
  std::fill_n(dw, size, 0.f);
  for (int64_t s = 0; s < count; ++s)
    for (int64_t i = 0; i < size; ++i)
      dw[i % a.channels * taps + i / a.channels] += sums.data()[s * size + i];
}

void dense_gradient(const FilterGradientArgs& a, float* dw) {
  const int64_t group_sums = filter_gradient_sums(a), channels = a.channels / a.groups;
  const int64_t count = stretches(a.groups * group_sums, a.pictures);
  const int64_t stretch = (a.pictures + count - 1) / count;
  const int64_t blocks = (channels + kChannels - 1) / kChannels;
  Tensor sums(Shape{count, a.groups * group_sums});
  parallel_for(count * a.groups * blocks, 1, [&](int64_t begin, int64_t end) {
    Tensor scratch(Shape{filter_gradient_scratch(a, std::min(channels, kChannels))});
    for (int64_t task = begin; task < end; ++task) {
      const int64_t s = task / blocks / a.groups, group = task / blocks % a.groups;
      const int64_t first = task % blocks * kChannels, last = std::min(channels, first + kChannels);
      float* mine = sums.mutable_data() + (s * a.groups + group) * group_sums;
      const int64_t of_four = a.window.taps() * filter_gradient_outputs(a) * 4;
      std::fill(mine + first / 4 * of_four, mine + (last + 3) / 4 * of_four, 0.f);
      filter_gradient(
          a, {std::min(a.pictures, s * stretch), std::min(a.pictures, (s + 1) * stretch), group, first, last},
          scratch.mutable_data(), mine);
    }
  });
  collect(a, sums.data(), count, dw);
}

}  // namespace

Tensor direct_weight_gradient(const Tensor& x, const Tensor& dy, const Shape& weight,
                              const Convolution& how) {
  if (dy.count() == 0 || weight.count() == 0) return Tensor::full(weight, 0);
  Tensor dw(weight);
  const FilterGradientArgs args{.x = x.data(),
                                .dy = dy.data(),
                                .pictures = x.dim(0),
                                .height = x.dim(1),
                                .width = x.dim(2),
                                .channels = x.dim(3),
                                .out_height = dy.dim(1),
                                .out_width = dy.dim(2),
                                .outputs = dy.dim(3),
                                .groups = how.groups,
                                .window = {.size = {weight[2], weight[3]},
                                           .stride = how.stride,
                                           .dilation = how.dilation,
                                           .padding = how.padding}};
  const bool depthwise = how.groups > 1 && how.groups == x.dim(3) && how.groups == dy.dim(3);
  depthwise ? depthwise_gradient(args, dw.mutable_data()) : dense_gradient(args, dw.mutable_data());
  return dw;
}

}  // namespace fovea
