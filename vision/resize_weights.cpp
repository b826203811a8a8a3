#include "vision/resize_weights.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"

namespace fovea {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kFractionBits = 22;  // 32 bits less 8 of the pixel less 2 for sums above 255

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1 : 0;
}

double triangle(double x) {
  return std::max(1 - std::abs(x), 0.0);
}

double hamming(double x) {
  x = std::abs(x);
  if (x == 0) return 1;
  if (x >= 1) return 0;
  x *= kPi;
  return std::sin(x) / x * (0.54f + 0.46f * std::cos(x));  // the constants are floats in Pillow
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double sinc(double x) {
  if (x == 0) return 1;
  x *= kPi;
  return std::sin(x) / x;
}

double lanczos(double x) {
  return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

struct Kernel {
  double (*value)(double);
  double support;
};

Kernel kernel_of(Filter filter) {
  switch (filter) {
    case Filter::kBox:
      return {box, 0.5};
    case Filter::kBilinear:
      return {triangle, 1};
    case Filter::kHamming:
      return {hamming, 1};
    case Filter::kBicubic:
      return {bicubic, 2};
    case Filter::kLanczos:
      return {lanczos, 3};
    case Filter::kNearest:
      break;
  }
  fail("resize: filter ", static_cast<int>(filter), " has no weights; use one of Pillow's 1 to 5");
}

}  // namespace

AxisTaps pillow_taps(int64_t inputs, int64_t outputs, int64_t begin, int64_t end, Filter filter) {
  const Kernel kernel = kernel_of(filter);
  const double scale = static_cast<double>(inputs) / static_cast<double>(outputs);
  const double stretch = std::max(scale, 1.0), support = kernel.support * stretch, shrink = 1.0 / stretch;
  AxisTaps taps{.inputs = inputs,
                .stride = std::min(inputs, static_cast<int64_t>(std::ceil(support)) * 2 + 1),
                .first = {},
                .count = {},
                .weight = {}};
  taps.weight.resize(static_cast<size_t>((end - begin) * taps.stride));
  double* weight = taps.weight.data();
  for (int64_t i = begin; i < end; ++i, weight += taps.stride) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t low = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const int64_t high = std::min(static_cast<int64_t>(centre + support + 0.5), inputs);
    double sum = 0;
    for (int64_t k = 0; k < high - low; ++k)
      sum += weight[k] = kernel.value((static_cast<double>(k + low) - centre + 0.5) * shrink);
    if (sum != 0)
      for (int64_t k = 0; k < high - low; ++k) weight[k] /= sum;
    taps.first.push_back(static_cast<int32_t>(low));
    taps.count.push_back(static_cast<int32_t>(high - low));
  }
  return taps;
}

FixedTaps fixed_taps(const AxisTaps& taps) {
  FixedTaps fixed{
      .inputs = taps.inputs, .stride = 4 * (taps.stride / 2 + 1), .first = {}, .pairs = {}, .split = {}};
  fixed.split.resize(taps.first.size() * static_cast<size_t>(fixed.stride));
  for (size_t i = 0; i < taps.first.size(); ++i) {
    const int32_t shift = taps.first[i] & 1;
    fixed.first.push_back(taps.first[i] - shift);
    fixed.pairs.push_back((taps.count[i] + shift + 1) / 2);
    int16_t* split = fixed.split.data() + i * static_cast<size_t>(fixed.stride);
    for (int32_t k = 0; k < taps.count[i]; ++k) {
      const double exact = taps.weight[i * static_cast<size_t>(taps.stride) + static_cast<size_t>(k)];
      const auto w = static_cast<int32_t>((exact < 0 ? -0.5 : 0.5) + exact * (1 << kFractionBits));
      int16_t* place = split + (k + shift) / 2 * 4 + (k + shift) % 2;
      place[0] = static_cast<int16_t>(w >> 11);
      place[2] = static_cast<int16_t>(w & 2047);
    }
  }
  return fixed;
}

}  // namespace fovea
