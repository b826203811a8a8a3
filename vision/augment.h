#pragma once
#include <cstdint>
#include <opencv2/core.hpp>

#include "attention/base/rng.h"
#include "vision/recipe.h"

namespace fovea {

struct Range {
  double low, high;
};

// How training pictures are varied, in this order; what is 0 or false is not done. Factors, magnitudes and
// defaults are torchvision's.
struct Augmentation {
  // 8-bit pictures. `random_resized_crop` takes a part of the whole picture, of this share of its area and
  // this ratio of width to height, to the recipe's size, in place of the recipe's own resize and crop.
  bool random_resized_crop = false;
  Range crop_area{0.08, 1}, crop_ratio{3. / 4, 4. / 3};
  int64_t pad = 0;  // so many pixels on each side, then a random crop back to the recipe's size
  enum class Border { kZero, kReflect } border = Border::kZero;
  double flip = 0;                                               // probability, left to right
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;  // colour jitter: see vision/colour.h
  int rand_augment = 0;                                          // operations of vision/rand_augment.h
  int magnitude = 9;                                             // theirs, 0 to 30

  // Normalised pictures, where 0 is the mean.
  double erase = 0;  // probability that a rectangle becomes 0
  Range erase_area{0.02, 0.33}, erase_ratio{0.3, 3.3};
  int64_t cutout = 0;  // side of a square, centred anywhere in the picture, that becomes 0

  // Batches: the alpha of their Beta distributions; with both, each batch takes one of them by even chance.
  double mixup = 0, cutmix = 0;

  bool mixes() const { return mixup > 0 || cutmix > 0; }
};

// Fails on a value out of its range, and on what cannot be done to pictures of this size.
void check(const Augmentation& augmentation, cv::Size size);

// A uniform draw from 0 .. n - 1.
int64_t draw_below(int64_t n, Rng& rng);

// The 8-bit part. `rgb` is the whole picture if there is a random resized crop, else of `size` already; the
// result is of `size`.
cv::Mat augment(const cv::Mat& rgb, cv::Size size, Filter filter, const Augmentation& how, Rng& rng);

// The part of [height, width, 3] normalised values.
void erase(float* values, cv::Size size, const Augmentation& how, Rng& rng);

// The pieces. A window may reach over the picture's edge, by less than the picture's side where it reflects.
cv::Mat crop_padded(const cv::Mat& rgb, cv::Rect window, Augmentation::Border border);
cv::Mat flipped(const cv::Mat& rgb);
cv::Rect draw_crop(cv::Size picture, Range area, Range ratio, Rng& rng);

}  // namespace fovea
