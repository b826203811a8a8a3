#include "attention/kernels/packed_convolution.h"

#include <algorithm>
#include <new>

#include "attention/kernels/packed_matrix.h"

namespace fovea::kernels {
namespace {

std::shared_ptr<float[]> allocate(int64_t count) {
  constexpr std::align_val_t kLine{64};
  const size_t bytes = sizeof(float) * static_cast<size_t>(std::max<int64_t>(count, 1));
  return {static_cast<float*>(::operator new[](bytes, kLine)),
          [](float* values) { ::operator delete[](values, kLine); }};
}

// One panel: where[k] is the place of k in the filter of one output; zeros beyond `valid` outputs.
void pack_panel(const float* from, int64_t output_stride, const std::vector<int64_t>& where, int64_t width,
                int64_t valid, float* out) {
  constexpr int64_t kBlock = 16;  // of k, so that the lines read for one output serve its next values too
  const auto depth = static_cast<int64_t>(where.size());
  for (int64_t k0 = 0; k0 < depth; k0 += kBlock)
    for (int64_t n = 0; n < width; ++n)
      for (int64_t k = k0; k < std::min(depth, k0 + kBlock); ++k)
        out[k * width + n] = n < valid ? from[n * output_stride + where[static_cast<size_t>(k)]] : 0.f;
}

}  // namespace

PackedConvolution::PackedConvolution(const FilterView& w, const Window& window)
    : window_(window), groups_(w.groups), outputs_(w.outputs), channels_(w.channels), lanes_(vector_lanes()) {
  cut();
  const std::shared_ptr<float[]> values =
      allocate(window.taps() * (depthwise() ? padded_channels() : groups_ * channels_ * panels().padded()));
  depthwise() ? pack_depthwise(w, values.get()) : pack(w, values.get());
  values_ = values;
}

// Into equal segments of at most 1024, so that a panel of one stays in L2 and no segment is a sliver.
void PackedConvolution::cut() {
  constexpr int64_t kMost = 1024, kFew = 128;
  const bool joined = window_.dilation[1] == 1 || window_.size[1] == 1;  // a row of taps is one stretch
  stacked_ = joined && !depthwise() && window_.size[0] > 1 && window_.size[1] * channels_ < kFew;
  const int64_t rows = stacked_ ? 1 : window_.size[0], columns = joined ? 1 : window_.size[1];
  const int64_t stretch = window_.taps() / std::max<int64_t>(1, rows * columns) * channels_;
  const int64_t parts = std::max<int64_t>(1, (stretch + kMost - 1) / kMost);
  const int64_t part = std::max<int64_t>(4, ((stretch + parts - 1) / parts + 3) / 4 * 4);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      for (int64_t k = 0; k < stretch; k += part)
        segments_.push_back(
            {i * window_.dilation[0], j * window_.dilation[1] * channels_ + k, std::min(part, stretch - k)});
}

void PackedConvolution::pack(const FilterView& w, float* out) const {
  std::vector<int64_t> order;  // where each k of the window lies in the filter of one output
  const auto add = [&](int64_t i, int64_t j) {
    for (int64_t c = 0; c < channels_; ++c)
      order.push_back(c * w.channel_stride + i * w.tap_stride[0] + j * w.tap_stride[1]);
  };
  for (int64_t tap = 0; tap < window_.taps(); ++tap)
    stacked_ ? add(tap % window_.size[0], tap / window_.size[0])
             : add(tap / window_.size[1], tap % window_.size[1]);
  for (int64_t group = 0; group < groups_; ++group) {
    for (int64_t panel = 0; panel < panels().count(); ++panel) {
      const int64_t n = panels().begin(panel), width = panels().width(panel);
      pack_panel(w.data + group * w.group_stride + n * w.output_stride, w.output_stride, order, width,
                 std::min(width, outputs_ - n), out);
      out += depth() * width;
    }
  }
}

void PackedConvolution::pack_depthwise(const FilterView& w, float* out) const {
  for (int64_t i = 0; i < window_.size[0]; ++i)
    for (int64_t j = 0; j < window_.size[1]; ++j)
      for (int64_t c = 0; c < padded_channels(); ++c)
        *out++ = c < groups_ ? w.data[c * w.group_stride + i * w.tap_stride[0] + j * w.tap_stride[1]] : 0.f;
}

}  // namespace fovea::kernels
