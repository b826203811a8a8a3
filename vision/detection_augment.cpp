#include "vision/detection_augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "attention/base/error.h"
#include "vision/augment.h"
#include "vision/colour.h"
#include "vision/resize.h"
#include "vision/resized_size.h"

namespace fovea {
namespace {

// What padding is after normalisation, as near as 8 bits come to it.
cv::Scalar plain_colour(const Recipe& recipe) {
  cv::Scalar colour(0, 0, 0);
  if (!recipe.normalise || recipe.rescale == 0) return colour;
  for (size_t c = 0; c < 3; ++c)
    colour[static_cast<int>(c)] = std::clamp(std::nearbyint(recipe.mean[c] / recipe.rescale), 0.0, 255.0);
  return colour;
}

cv::Size turned_size(cv::Size size, int quarters) {
  return quarters % 2 == 0 ? size : cv::Size(size.height, size.width);
}

bool draw_chance(double probability, Rng& rng) {
  return probability > 0 && rng.uniform() < probability;
}

int draw_quarters(const DetectionAugmentation& how, Rng& rng) {
  return how.turn ? static_cast<int>(draw_below(4, rng)) : 0;
}

double draw_scale(const DetectionAugmentation& how, Rng& rng) {
  if (how.scale_low == how.scale_high) return how.scale_low;
  // As likely to double as to halve.
  return std::exp(std::log(how.scale_low) + std::log(how.scale_high / how.scale_low) * rng.uniform());
}

// Where a canvas begins in a part: anywhere that shows all of it, or that fills the part with it.
int draw_start(int canvas, int part, Rng& rng) {
  const auto start = static_cast<int>(draw_below(std::abs(part - canvas) + 1, rng));
  return canvas <= part ? start : -start;
}

// One picture in a part of `size`. A turned picture is turned after it was resized, so that nothing changes
// its shape or its scale.
LabelledPicture tile(const LabelledPicture& picture, cv::Size size, int quarters, double scale,
                     const Recipe& recipe, const DetectionAugmentation& how, Rng& rng) {
  const cv::Size whole = resized_size(picture.rgb.size(), recipe), upright = turned_size(size, quarters);
  const auto scaled = [&](int side) { return std::max(1, static_cast<int>(std::lround(side * scale))); };
  const cv::Size canvas(scaled(whole.width), scaled(whole.height));
  const int x = draw_start(canvas.width, upright.width, rng);
  const int y = draw_start(canvas.height, upright.height, rng);
  LabelledPicture out = placed(picture, canvas, {x, y}, upright, recipe, how.least_share);
  if (quarters > 0) out = turned(out, quarters);
  if (draw_chance(how.flip, rng)) out = flipped(out);
  if (draw_chance(how.flip_vertical, rng)) out = flipped_vertically(out);
  return out;
}

// Four pictures around a point in the middle half of the frame.
LabelledPicture mosaic(const std::array<LabelledPicture, 4>& pictures, cv::Size size, double scale,
                       const Recipe& recipe, const DetectionAugmentation& how, Rng& rng) {
  const auto draw_middle = [&](int side) {
    return side / 4 + static_cast<int>(draw_below(side - 2 * (side / 4) + 1, rng));
  };
  const int x = draw_middle(size.width), y = draw_middle(size.height);
  const std::array<cv::Rect, 4> parts{cv::Rect(0, 0, x, y), cv::Rect(x, 0, size.width - x, y),
                                      cv::Rect(0, y, x, size.height - y),
                                      cv::Rect(x, y, size.width - x, size.height - y)};
  LabelledPicture out{cv::Mat(size, CV_8UC3, plain_colour(recipe)), {}};
  for (size_t i = 0; i < parts.size(); ++i) {
    const cv::Rect& part = parts[i];
    if (part.empty()) continue;
    const int quarters = draw_quarters(how, rng);
    const LabelledPicture one = tile(pictures[i], part.size(), quarters, scale, recipe, how, rng);
    one.rgb.copyTo(out.rgb(part));
    for (const auto& [box, label] : one.boxes)
      out.boxes.push_back({{box.x0 + part.x, box.y0 + part.y, box.x1 + part.x, box.y1 + part.y}, label});
  }
  return out;
}

using Others = std::function<LabelledPicture(Rng&)>;

std::optional<std::array<LabelledPicture, 4>> draw_four(const LabelledPicture& first, const Others& others,
                                                        Rng& rng) {
  std::array<LabelledPicture, 4> four{first};
  try {
    for (size_t i = 1; i < four.size(); ++i) four[i] = others(rng);
  } catch (const Error&) {  // a damaged picture is told of at its own turn
    return std::nullopt;
  }
  return four;
}

cv::Mat recoloured(const cv::Mat& rgb, const DetectionAugmentation& how, Rng& rng) {
  if (how.brightness == 0 && how.contrast == 0 && how.saturation == 0 && how.hue == 0) return rgb;
  Augmentation jitter;
  jitter.brightness = how.brightness;
  jitter.contrast = how.contrast;
  jitter.saturation = how.saturation;
  jitter.hue = how.hue;
  return colour_jitter(rgb, jitter, rng);
}

}  // namespace

void check(const DetectionAugmentation& a) {
  constexpr double kMost = 1e6, kLeastScale = 0.01, kMostScale = 100;
  struct Bounded {
    const char* name;
    double value, low, high;
  };
  const Bounded all[] = {{"flip", a.flip, 0, 1},
                         {"flip_vertical", a.flip_vertical, 0, 1},
                         {"scale_low", a.scale_low, kLeastScale, kMostScale},
                         {"scale_high", a.scale_high, a.scale_low, kMostScale},
                         {"brightness", a.brightness, 0, kMost},
                         {"contrast", a.contrast, 0, kMost},
                         {"saturation", a.saturation, 0, kMost},
                         {"hue", a.hue, 0, 0.5},
                         {"mosaic", a.mosaic, 0, 1},
                         {"least_share", a.least_share, 0, 1}};
  for (const Bounded& b : all)
    if (!(b.value >= b.low && b.value <= b.high))
      fail("augmentation: ", b.name, " is ", b.value, "; give one from ", b.low, " to ", b.high);
}

LabelledPicture placed(const LabelledPicture& picture, cv::Size canvas, cv::Point at, cv::Size size,
                       const Recipe& recipe, double least_share) {
  const cv::Rect shown = cv::Rect(at, canvas) & cv::Rect({0, 0}, size);  // in the part
  LabelledPicture out;
  const auto resized = [&] { return resize_pillow(picture.rgb, canvas, recipe.filter, shown - at); };
  if (shown.size() == size) {
    out.rgb = resized();
  } else {
    out.rgb = cv::Mat(size, CV_8UC3, plain_colour(recipe));
    if (!shown.empty()) resized().copyTo(out.rgb(shown));
  }
  const double across = static_cast<double>(canvas.width) / picture.rgb.cols;
  const double down = static_cast<double>(canvas.height) / picture.rgb.rows;
  for (const auto& [box, label] : picture.boxes)
    out.boxes.push_back(
        {{box.x0 * across + at.x, box.y0 * down + at.y, box.x1 * across + at.x, box.y1 * down + at.y},
         label});
  out.boxes = within(out.boxes, size, least_share);
  return out;
}

LabelledPicture augment(const LabelledPicture& picture, const Recipe& recipe,
                        const DetectionAugmentation& how, const Others& others, Rng& rng) {
  const double scale = draw_scale(how, rng);
  const bool four = draw_chance(how.mosaic, rng);
  const auto pictures = four ? draw_four(picture, others, rng) : std::nullopt;
  const int quarters = pictures ? 0 : draw_quarters(how, rng);
  const cv::Size whole = resized_size(picture.rgb.size(), recipe);
  const cv::Size size = recipe.fixed_size() ? whole : turned_size(whole, quarters);
  LabelledPicture out = pictures ? mosaic(*pictures, size, scale, recipe, how, rng)
                                 : tile(picture, size, quarters, scale, recipe, how, rng);
  out.rgb = recoloured(out.rgb, how, rng);
  return out;
}

}  // namespace fovea
