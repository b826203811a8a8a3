#include "vision/rand_augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "vision/colour.h"

namespace fovea {
namespace {

constexpr double kMostMagnitude = 30;

// Pillow's nearest affine transform: output (x, y) shows the input at (a x + b y + c, d x + e y + f), pixel
// centres at halves, black outside.
cv::Mat affine(const cv::Mat& rgb, const std::array<double, 6>& m) {
  cv::Mat out = cv::Mat::zeros(rgb.size(), CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x) {
      const double u = std::floor(m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2]);
      const double v = std::floor(m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5]);
      if (u >= 0 && v >= 0 && u < rgb.cols && v < rgb.rows)
        std::memcpy(out.ptr(y, x), rgb.ptr(static_cast<int>(v), static_cast<int>(u)), 3);
    }
  return out;
}

// Each channel through a table of its own, made from its histogram.
template <class Make>
cv::Mat through_tables(const cv::Mat& rgb, const Make& make) {
  using Histogram = std::array<int64_t, 256>;
  std::array<Histogram, 3> counts{};
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x)
      for (size_t c = 0; c < 3; ++c) ++counts[c][rgb.ptr(y, x)[c]];
  std::array<std::array<uint8_t, 256>, 3> tables;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < 256; ++i) tables[c][i] = static_cast<uint8_t>(i);
    make(counts[c], tables[c]);
  }
  cv::Mat out(rgb.size(), CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x)
      for (size_t c = 0; c < 3; ++c) out.ptr(y, x)[c] = tables[c][rgb.ptr(y, x)[c]];
  return out;
}

// Where a histogram that is not empty begins and ends.
template <class Counts>
std::pair<int, int> ends_of(const Counts& counts) {
  const auto used = [](int64_t n) { return n > 0; };
  const auto first = std::find_if(counts.begin(), counts.end(), used) - counts.begin();
  const auto last = counts.rend() - std::find_if(counts.rbegin(), counts.rend(), used) - 1;
  return {static_cast<int>(first), static_cast<int>(last)};
}

cv::Mat identity(const cv::Mat& rgb, double) {
  return rgb;
}

cv::Mat shear_x(const cv::Mat& rgb, double slope) {
  return affine(rgb, {1, slope, 0, 0, 1, 0});
}

cv::Mat shear_y(const cv::Mat& rgb, double slope) {
  return affine(rgb, {1, 0, 0, slope, 1, 0});
}

cv::Mat translate_x(const cv::Mat& rgb, double pixels) {
  return affine(rgb, {1, 0, -std::trunc(pixels), 0, 1, 0});
}

cv::Mat translate_y(const cv::Mat& rgb, double pixels) {
  return affine(rgb, {1, 0, 0, 0, 1, -std::trunc(pixels)});
}

cv::Mat rotate(const cv::Mat& rgb, double degrees) {  // against the clock, about the middle
  const double angle = degrees * 3.14159265358979323846 / 180, c = std::cos(angle), s = std::sin(angle);
  const double x = rgb.cols / 2.0, y = rgb.rows / 2.0;
  return affine(rgb, {c, -s, x - c * x + s * y, s, c, y - s * x - c * y});
}

cv::Mat brightness(const cv::Mat& rgb, double change) {
  return with_brightness(rgb, 1 + change);
}

cv::Mat colour(const cv::Mat& rgb, double change) {
  return with_saturation(rgb, 1 + change);
}

cv::Mat contrast(const cv::Mat& rgb, double change) {
  return with_contrast(rgb, 1 + change);
}

cv::Mat sharpness(const cv::Mat& rgb, double change) {
  return with_sharpness(rgb, 1 + change);
}

cv::Mat posterize(const cv::Mat& rgb, double bits) {
  const auto mask = static_cast<uint8_t>(0xFF << (8 - static_cast<int>(bits)));
  return through_tables(rgb, [&](const auto&, auto& table) {
    for (uint8_t& value : table) value &= mask;
  });
}

cv::Mat solarize(const cv::Mat& rgb, double threshold) {
  return through_tables(rgb, [&](const auto&, auto& table) {
    for (uint8_t& value : table)
      if (value >= threshold) value = static_cast<uint8_t>(255 - value);
  });
}

cv::Mat auto_contrast(const cv::Mat& rgb, double) {
  return through_tables(rgb, [](const auto& counts, auto& table) {
    const auto [low, high] = ends_of(counts);
    if (high <= low) return;
    const double scale = 255.0 / (high - low), offset = -low * scale;
    for (uint8_t& value : table) value = static_cast<uint8_t>(std::clamp(value * scale + offset, 0.0, 255.0));
  });
}

cv::Mat equalize(const cv::Mat& rgb, double) {  // Pillow's ImageOps.equalize
  const auto total = static_cast<int64_t>(rgb.total());
  return through_tables(rgb, [&](const auto& counts, auto& table) {
    const auto [low, high] = ends_of(counts);
    const int64_t step = (total - counts[static_cast<size_t>(high)]) / 255;
    if (low == high || step == 0) return;
    int64_t below = step / 2;
    for (size_t i = 0; i < table.size(); below += counts[i++])
      table[i] = static_cast<uint8_t>(std::min<int64_t>(below / step, 255));
  });
}

double up_to(double most, int magnitude) {
  return most * magnitude / kMostMagnitude;
}

double none(int, cv::Size) {
  return 0;
}

constexpr RandomOperation kOperations[] = {
    {"identity", false, identity, none},
    {"shear_x", true, shear_x, [](int m, cv::Size) { return up_to(0.3, m); }},
    {"shear_y", true, shear_y, [](int m, cv::Size) { return up_to(0.3, m); }},
    {"translate_x", true, translate_x, [](int m, cv::Size s) { return up_to(150.0 / 331 * s.width, m); }},
    {"translate_y", true, translate_y, [](int m, cv::Size s) { return up_to(150.0 / 331 * s.height, m); }},
    {"rotate", true, rotate, [](int m, cv::Size) { return up_to(30, m); }},
    {"brightness", true, brightness, [](int m, cv::Size) { return up_to(0.9, m); }},
    {"colour", true, colour, [](int m, cv::Size) { return up_to(0.9, m); }},
    {"contrast", true, contrast, [](int m, cv::Size) { return up_to(0.9, m); }},
    {"sharpness", true, sharpness, [](int m, cv::Size) { return up_to(0.9, m); }},
    {"posterize", false, posterize, [](int m, cv::Size) { return 8 - std::nearbyint(m / 7.5); }},
    {"solarize", false, solarize, [](int m, cv::Size) { return 255 - up_to(255, m); }},
    {"auto_contrast", false, auto_contrast, none},
    {"equalize", false, equalize, none}};

}  // namespace

std::span<const RandomOperation> random_operations() {
  return kOperations;
}

cv::Mat rand_augment(const cv::Mat& rgb, int operations, int magnitude, Rng& rng) {
  cv::Mat out = rgb;
  for (int i = 0; i < operations; ++i) {
    const auto& operation = kOperations[draw_below(std::size(kOperations), rng)];
    const bool negative = operation.with_sign && rng.uniform() < 0.5;
    const double strength = operation.strength(magnitude, rgb.size());
    out = operation.apply(out, negative ? -strength : strength);
  }
  return out;
}

}  // namespace fovea
