#include "vision/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "attention/base/error.h"
#include "vision/colour.h"
#include "vision/rand_augment.h"
#include "vision/resize.h"

namespace fovea {
namespace {

constexpr int kAttempts = 10;

int rounded(double x) {
  return static_cast<int>(std::nearbyint(x));
}

double draw(Range range, Rng& rng) {
  return range.low + (range.high - range.low) * rng.uniform();
}

// A share of the area, and a ratio of the sides whose logarithm is uniform.
std::pair<int, int> draw_sides(cv::Size picture, Range area, Range ratio, Rng& rng) {
  const double pixels = draw(area, rng) * static_cast<double>(picture.area());
  const double sides = std::exp(draw({std::log(ratio.low), std::log(ratio.high)}, rng));
  return {rounded(std::sqrt(pixels * sides)), rounded(std::sqrt(pixels / sides))};
}

// Where a padded picture takes pixel i from; -1: black. Reflection does not repeat the edge.
int source_of(int i, int side, Augmentation::Border border) {
  if (i >= 0 && i < side) return i;
  if (border == Augmentation::Border::kZero) return -1;
  return i < 0 ? -i : 2 * (side - 1) - i;
}

void clear(float* values, cv::Size size, cv::Rect part) {
  part &= cv::Rect({0, 0}, size);
  for (int y = part.y; y < part.y + part.height; ++y)
    std::fill_n(values + (static_cast<int64_t>(y) * size.width + part.x) * 3, 3 * part.width, 0.0f);
}

void clear_drawn_part(float* values, cv::Size size, const Augmentation& how, Rng& rng) {
  for (int i = 0; i < kAttempts; ++i) {
    const auto [height, width] = draw_sides(size, how.erase_area, how.erase_ratio, rng);
    if (height >= size.height || width >= size.width) continue;
    const auto y = static_cast<int>(draw_below(size.height - height + 1, rng));
    const auto x = static_cast<int>(draw_below(size.width - width + 1, rng));
    return clear(values, size, {x, y, width, height});
  }
}

void check_range(const char* name, double value, Range allowed) {
  if (!(value >= allowed.low && value <= allowed.high))
    fail("augmentation: ", name, " is ", value, "; give one from ", allowed.low, " to ", allowed.high);
}

void check_range(const char* name, Range range, Range allowed) {
  check_range(name, range.low, allowed);
  check_range(name, range.high, {range.low, allowed.high});
}

}  // namespace

void check(const Augmentation& a, cv::Size size) {
  constexpr double kMost = 1e6, kLeast = 1e-6;
  check_range("crop_area", a.crop_area, {kLeast, 1});
  check_range("crop_ratio", a.crop_ratio, {kLeast, kMost});
  check_range("pad", static_cast<double>(a.pad), {0, 65'500});
  check_range("flip", a.flip, {0, 1});
  check_range("brightness", a.brightness, {0, kMost});
  check_range("contrast", a.contrast, {0, kMost});
  check_range("saturation", a.saturation, {0, kMost});
  check_range("hue", a.hue, {0, 0.5});
  check_range("rand_augment", a.rand_augment, {0, 100});
  check_range("magnitude", a.magnitude, {0, 30});
  check_range("erase", a.erase, {0, 1});
  check_range("erase_area", a.erase_area, {0, 1});
  check_range("erase_ratio", a.erase_ratio, {kLeast, kMost});
  check_range("cutout", static_cast<double>(a.cutout), {0, 65'500});
  check_range("mixup", a.mixup, {0, kMost});
  check_range("cutmix", a.cutmix, {0, kMost});
  if (a.border == Augmentation::Border::kReflect && a.pad >= std::min(size.width, size.height))
    fail("augmentation: pad ", a.pad, " cannot be reflected in a picture of ", size.width, " x ", size.height,
         "; give less than its sides");
}

int64_t draw_below(int64_t n, Rng& rng) {
  return static_cast<int64_t>(rng.uniform() * static_cast<double>(n));
}

cv::Mat crop_padded(const cv::Mat& rgb, cv::Rect window, Augmentation::Border border) {
  cv::Mat out(window.size(), CV_8UC3);
  const int left = std::clamp(-window.x, 0, window.width);
  const int right = std::clamp(rgb.cols - window.x, left, window.width);  // [left, right) is inside
  const size_t row = static_cast<size_t>(window.width) * 3;
  for (int y = 0; y < window.height; ++y) {
    const int v = source_of(window.y + y, rgb.rows, border);
    uint8_t* to = out.ptr(y);
    if (v < 0) {
      std::memset(to, 0, row);
      continue;
    }
    const uint8_t* from = rgb.ptr(v);
    const auto outside = [&](int x) {
      const int u = source_of(window.x + x, rgb.cols, border);
      for (int c = 0; c < 3; ++c) to[3 * x + c] = u < 0 ? uint8_t{0} : from[3 * u + c];
    };
    for (int x = 0; x < left; ++x) outside(x);
    if (right > left)
      std::memcpy(to + 3 * left, from + 3 * (window.x + left), 3 * static_cast<size_t>(right - left));
    for (int x = right; x < window.width; ++x) outside(x);
  }
  return out;
}

cv::Mat flipped(const cv::Mat& rgb) {
  cv::Mat out(rgb.size(), CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const uint8_t* from = rgb.ptr(y) + 3 * (rgb.cols - 1);
    uint8_t* to = out.ptr(y);
    for (int x = 0; x < rgb.cols; ++x, to += 3, from -= 3) std::memcpy(to, from, 3);
  }
  return out;
}

cv::Rect draw_crop(cv::Size picture, Range area, Range ratio, Rng& rng) {
  for (int i = 0; i < kAttempts; ++i) {
    const auto [width, height] = draw_sides(picture, area, ratio, rng);
    if (width < 1 || height < 1 || width > picture.width || height > picture.height) continue;
    const auto y = static_cast<int>(draw_below(picture.height - height + 1, rng));
    const auto x = static_cast<int>(draw_below(picture.width - width + 1, rng));
    return {x, y, width, height};
  }
  // No such part fits: the largest in the middle that has a ratio in range.
  const double sides = static_cast<double>(picture.width) / picture.height;
  int width = picture.width, height = picture.height;
  if (sides < ratio.low) height = std::clamp(rounded(width / ratio.low), 1, height);
  if (sides > ratio.high) width = std::clamp(rounded(height * ratio.high), 1, width);
  return {(picture.width - width) / 2, (picture.height - height) / 2, width, height};
}

cv::Mat augment(const cv::Mat& rgb, cv::Size size, Filter filter, const Augmentation& how, Rng& rng) {
  cv::Mat out = rgb;
  if (how.random_resized_crop)
    out = resize_pillow(rgb(draw_crop(rgb.size(), how.crop_area, how.crop_ratio, rng)), size, filter);
  if (how.pad > 0) {
    const auto shift = [&] { return static_cast<int>(draw_below(2 * how.pad + 1, rng) - how.pad); };
    const int x = shift(), y = shift();
    out = crop_padded(out, {{x, y}, size}, how.border);
  }
  if (how.flip > 0 && rng.uniform() < how.flip) out = flipped(out);
  if (how.brightness > 0 || how.contrast > 0 || how.saturation > 0 || how.hue > 0)
    out = colour_jitter(out, how, rng);
  return rand_augment(out, how.rand_augment, how.magnitude, rng);
}

void erase(float* values, cv::Size size, const Augmentation& how, Rng& rng) {
  if (how.erase > 0 && rng.uniform() < how.erase) clear_drawn_part(values, size, how, rng);
  if (how.cutout > 0) {
    const auto side = static_cast<int>(how.cutout);
    const auto x = static_cast<int>(draw_below(size.width, rng)) - side / 2;
    const auto y = static_cast<int>(draw_below(size.height, rng)) - side / 2;
    clear(values, size, {x, y, side, side});
  }
}

}  // namespace fovea
