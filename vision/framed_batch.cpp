#include "vision/framed_batch.h"

#include <algorithm>
#include <vector>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "vision/preprocess.h"
#include "vision/resize.h"
#include "vision/resized_size.h"

namespace fovea {
namespace {

// A picture of its own size into the top left corner of a frame whose rows are `width` pixels.
void write(const cv::Mat& rgb, const Normaliser& normalise, cv::Size frame, float* out) {
  for (int y = 0; y < frame.height; ++y, out += 3 * static_cast<int64_t>(frame.width)) {
    const int filled = y < rgb.rows ? rgb.cols : 0;
    if (filled > 0) normalise(rgb.row(y), out);
    std::fill(out + 3 * static_cast<int64_t>(filled), out + 3 * static_cast<int64_t>(frame.width), 0.0f);
  }
}

void mark(cv::Size picture, cv::Size frame, float* padding) {
  for (int y = 0; y < frame.height; ++y, padding += frame.width) {
    const int filled = y < picture.height ? picture.width : 0;
    std::fill(padding, padding + filled, 0.0f);
    std::fill(padding + filled, padding + frame.width, 1.0f);
  }
}

cv::Mat resized(const cv::Mat& rgb, const Recipe& recipe) {
  if (rgb.empty() || rgb.type() != CV_8UC3)
    fail("preprocess: the picture is not 8-bit RGB; decode it with decode_image");
  if (recipe.crop) return fitted(rgb, recipe);
  return resize_pillow(rgb, resized_size(rgb.size(), recipe), recipe.filter);
}

}  // namespace

cv::Size frame_size(std::span<const cv::Size> resized, const Recipe& recipe) {
  cv::Size frame(0, 0);
  for (const cv::Size& size : resized)
    frame = {std::max(frame.width, size.width), std::max(frame.height, size.height)};
  if (!recipe.pad || recipe.pad_height == 0) return frame;
  if (frame.height > recipe.pad_height || frame.width > recipe.pad_width)
    fail("preprocess: a picture of ", frame.width, " x ", frame.height, " does not fit into the frame of ",
         recipe.pad_width, " x ", recipe.pad_height, "; correct \"pad_size\"");
  return {static_cast<int>(recipe.pad_width), static_cast<int>(recipe.pad_height)};
}

FramedBatch framed(std::span<const cv::Mat> resized, const Recipe& recipe, const Normaliser& normalise) {
  if (resized.empty()) fail("framed: no pictures; give it one at least");
  std::vector<cv::Size> sizes;
  for (const cv::Mat& rgb : resized) sizes.push_back(rgb.size());
  const cv::Size frame = frame_size(sizes, recipe);
  const auto count = std::ssize(sizes);
  const bool fills = std::ranges::all_of(sizes, [&](cv::Size size) { return size == frame; });
  FramedBatch batch{Tensor({count, frame.height, frame.width, 3}), {}};
  if (!fills && recipe.hide_padding) batch.padding = Tensor({count, frame.height, frame.width});
  float* images = batch.images.mutable_data();
  float* padding = batch.padding ? batch.padding.mutable_data() : nullptr;
  const auto each = static_cast<int64_t>(frame.height) * frame.width;
  parallel_for(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      write(resized[static_cast<size_t>(i)], normalise, frame, images + 3 * each * i);
      if (padding != nullptr) mark(sizes[static_cast<size_t>(i)], frame, padding + each * i);
    }
  });
  return batch;
}

FramedBatch make_framed_batch(std::span<const cv::Mat> images, const Recipe& recipe) {
  std::vector<cv::Mat> pictures(images.size());
  parallel_for(std::ssize(images), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      pictures[static_cast<size_t>(i)] = resized(images[static_cast<size_t>(i)], recipe);
  });
  return framed(pictures, recipe, Normaliser(recipe));
}

}  // namespace fovea
