#include "vision/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace fovea {
namespace {

int gray_of(const uint8_t* rgb) {  // Pillow's convert("L")
  return (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16;
}

// Pillow's Image.blend: from `base` (factor 0) over `value` (factor 1) and beyond, cut to 8 bits.
uint8_t blend(int base, int value, float factor) {
  const float x = static_cast<float>(base) + factor * static_cast<float>(value - base);
  return static_cast<uint8_t>(std::clamp(x, 0.0f, 255.0f));
}

// out = blend(base(pixel, channel), pixel) for every value.
template <class Base>
cv::Mat blended(const cv::Mat& rgb, double factor, const Base& base) {
  cv::Mat out(rgb.size(), CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x)
      for (int c = 0; c < 3; ++c)
        out.ptr(y, x)[c] = blend(base(y, x, c), rgb.ptr(y, x)[c], static_cast<float>(factor));
  return out;
}

// Pillow's SMOOTH; the rim stays as it is.
int smoothed(const cv::Mat& rgb, int y, int x, int c) {
  if (y == 0 || x == 0 || y == rgb.rows - 1 || x == rgb.cols - 1) return rgb.ptr(y, x)[c];
  int sum = 4 * rgb.ptr(y, x)[c];
  for (int v = y - 1; v <= y + 1; ++v)
    for (int u = x - 1; u <= x + 1; ++u) sum += rgb.ptr(v, u)[c];
  return (2 * sum + 13) / 26;  // to the nearest
}

struct Hsv {
  uint8_t h, s, v;
};

// Pillow's 8-bit HSV, which does not come back to the same RGB.
Hsv hsv_of(const uint8_t* rgb) {
  const int high = std::max({rgb[0], rgb[1], rgb[2]}), low = std::min({rgb[0], rgb[1], rgb[2]});
  if (high == low) return {0, 0, static_cast<uint8_t>(high)};
  const auto range = static_cast<float>(high - low);
  const auto from_top = [&](int c) { return static_cast<float>(high - rgb[c]) / range; };
  float h;
  if (rgb[0] == high)
    h = from_top(2) - from_top(1);
  else if (rgb[1] == high)
    h = 2 + from_top(0) - from_top(2);
  else
    h = 4 + from_top(1) - from_top(0);
  const double turn = std::fmod(h / 6.0 + 1.0, 1.0);
  const double s = range / static_cast<float>(high);
  return {static_cast<uint8_t>(turn * 255.0), static_cast<uint8_t>(s * 255.0), static_cast<uint8_t>(high)};
}

std::array<uint8_t, 3> rgb_of(const Hsv& hsv) {
  if (hsv.s == 0) return {hsv.v, hsv.v, hsv.v};
  const double h = hsv.h * 6.0 / 255.0, s = hsv.s / 255.0;
  const int sector = static_cast<int>(h);
  const double f = h - sector;
  const auto level = [&](double x) { return static_cast<uint8_t>(std::lround(hsv.v * x)); };
  const uint8_t v = hsv.v, p = level(1 - s), q = level(1 - s * f), t = level(1 - s * (1 - f));
  switch (sector % 6) {
    case 0:
      return {v, t, p};
    case 1:
      return {q, v, p};
    case 2:
      return {p, v, t};
    case 3:
      return {p, q, v};
    case 4:
      return {t, p, v};
    default:
      return {v, p, q};
  }
}

}  // namespace

cv::Mat with_brightness(const cv::Mat& rgb, double factor) {
  return blended(rgb, factor, [](int, int, int) { return 0; });
}

cv::Mat with_contrast(const cv::Mat& rgb, double factor) {
  int64_t sum = 0;
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x) sum += gray_of(rgb.ptr(y, x));
  const int mean = static_cast<int>(static_cast<double>(sum) / static_cast<double>(rgb.total()) + 0.5);
  return blended(rgb, factor, [&](int, int, int) { return mean; });
}

cv::Mat with_saturation(const cv::Mat& rgb, double factor) {
  return blended(rgb, factor, [&](int y, int x, int) { return gray_of(rgb.ptr(y, x)); });
}

cv::Mat with_sharpness(const cv::Mat& rgb, double factor) {
  return blended(rgb, factor, [&](int y, int x, int c) { return smoothed(rgb, y, x, c); });
}

cv::Mat with_hue_turned(const cv::Mat& rgb, double share) {
  const auto turn = static_cast<uint8_t>(static_cast<int>(share * 255));  // wraps, as the hue does
  cv::Mat out(rgb.size(), CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x) {
      Hsv hsv = hsv_of(rgb.ptr(y, x));
      hsv.h = static_cast<uint8_t>(hsv.h + turn);
      std::ranges::copy(rgb_of(hsv), out.ptr(y, x));
    }
  return out;
}

cv::Mat colour_jitter(const cv::Mat& rgb, const Augmentation& how, Rng& rng) {
  using Change = cv::Mat (*)(const cv::Mat&, double);
  struct Step {
    Change change;
    double amount, neutral;
  };
  std::array<Step, 4> steps{{{with_brightness, how.brightness, 1},
                             {with_contrast, how.contrast, 1},
                             {with_saturation, how.saturation, 1},
                             {with_hue_turned, how.hue, 0}}};
  for (size_t i = steps.size() - 1; i > 0; --i)
    std::swap(steps[i], steps[static_cast<size_t>(draw_below(static_cast<int64_t>(i) + 1, rng))]);
  cv::Mat out = rgb;
  for (const Step& step : steps) {
    if (step.amount == 0) continue;
    const double low = step.neutral == 1 ? std::max(0.0, 1 - step.amount) : -step.amount;
    out = step.change(out, low + (step.neutral + step.amount - low) * rng.uniform());
  }
  return out;
}

}  // namespace fovea
