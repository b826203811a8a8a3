#include "vision/preprocess.h"

#include <algorithm>
#include <array>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "vision/resize.h"
#include "vision/resized_size.h"

namespace fovea {
namespace {

using Levels =
    std::array<std::array<float, 3>, 256>;  // what each of the 256 values becomes, for each channel

// In the reference's order of roundings: float64 product, float32 from there on.
Levels make_levels(const Recipe& recipe) {
  Levels levels;
  for (size_t value = 0; value < levels.size(); ++value)
    for (size_t c = 0; c < 3; ++c) {
      float x = static_cast<float>(static_cast<double>(value) * recipe.rescale);
      if (recipe.normalise)
        x = (x - static_cast<float>(recipe.mean[c])) / static_cast<float>(recipe.stddev[c]);
      levels[value][c] = x;
    }
  return levels;
}

// One axis of the crop: `count` outputs from `out` on show the resized picture from `from` on.
struct Overlap {
  int64_t out, from, count;
};

Overlap overlap(int64_t side, int64_t crop, int64_t start) {
  const int64_t out = std::max<int64_t>(-start, 0), from = std::max<int64_t>(start, 0);
  return {out, from, std::min(crop - out, side - from)};
}

void write_row(const uint8_t* rgb, int64_t pixels, const Levels& levels, float* out) {
  for (int64_t i = 0; i < 3 * pixels; i += 3)
    for (int64_t c = 0; c < 3; ++c) out[i + c] = levels[rgb[i + c]][static_cast<size_t>(c)];
}

void preprocess_with(const cv::Mat& rgb, const Recipe& recipe, const Levels& levels, float* out) {
  if (rgb.empty() || rgb.type() != CV_8UC3)
    fail("preprocess: the picture is not 8-bit RGB; decode it with decode_image");
  const cv::Size size = resized_size(rgb.size(), recipe);
  const int64_t height = recipe.height(), width = recipe.width();
  if (!recipe.crop && (size.height != height || size.width != width))
    fail("preprocess: a picture of ", rgb.cols, " x ", rgb.rows, " becomes ", size.width, " x ", size.height,
         ", not ", width, " x ", height, "; crop it to a more usual shape");
  const Overlap y =
      overlap(size.height, height, recipe.crop ? crop_start(size.height, height, recipe.crop_rounding) : 0);
  const Overlap x =
      overlap(size.width, width, recipe.crop ? crop_start(size.width, width, recipe.crop_rounding) : 0);
  const cv::Mat part =
      resize_pillow(rgb, cv::Size(static_cast<int>(size.width), static_cast<int>(size.height)), recipe.filter,
                    cv::Rect(static_cast<int>(x.from), static_cast<int>(y.from), static_cast<int>(x.count),
                             static_cast<int>(y.count)));
  if (x.count != width || y.count != height)
    for (int64_t i = 0; i < height * width; ++i) write_row(recipe.fill.data(), 1, levels, out + 3 * i);
  parallel_for(y.count, 32, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      write_row(part.ptr(static_cast<int>(i)), x.count, levels, out + ((y.out + i) * width + x.out) * 3);
  });
}

}  // namespace

void preprocess(const cv::Mat& rgb, const Recipe& recipe, float* out) {
  preprocess_with(rgb, recipe, make_levels(recipe), out);
}

Tensor make_batch(std::span<const cv::Mat> images, const Recipe& recipe) {
  if (images.empty()) fail("make_batch: no pictures; give it one at least");
  const auto count = static_cast<int64_t>(images.size());
  Tensor batch({count, recipe.height(), recipe.width(), 3});
  const Levels levels = make_levels(recipe);
  float* out = batch.mutable_data();
  const int64_t each = recipe.height() * recipe.width() * 3;
  parallel_for(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      preprocess_with(images[static_cast<size_t>(i)], recipe, levels, out + i * each);
  });
  return batch;
}

}  // namespace fovea
