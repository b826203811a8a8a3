#include "vision/resized_size.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "attention/base/error.h"

namespace fovea {
namespace {

struct Size {
  int64_t height, width;
};

// Half to even, as Python rounds.
int64_t round_even(double x) {
  return static_cast<int64_t>(std::nearbyint(x));
}

Size shortest_edge(Size in, int64_t side) {
  return in.height < in.width ? Size{side, side * in.width / in.height}
                              : Size{side * in.height / in.width, side};
}

// Where the longer side would be too long, the shorter one is rounded to even and the longer one cut off,
// each from the exact value: get_size_with_aspect_ratio of DETR's processors, in the order of its roundings.
Size shortest_longest(Size in, const Recipe& r) {
  const auto height = static_cast<double>(in.height), width = static_cast<double>(in.width);
  const double low = std::min(height, width), high = std::max(height, width);
  const auto most = static_cast<double>(r.resize_width);
  int64_t side = r.resize_height;
  auto exact = static_cast<double>(side);
  if (high / low * exact > most) {
    exact = most * low / high;
    side = round_even(exact);
  }
  Size out = in;
  const bool tall_first = r.multiple > 1;  // YOLOS asks in another order
  if (std::min(in.height, in.width) == side && !(tall_first && in.width < in.height)) {
  } else if (in.width < in.height) {
    out = {static_cast<int64_t>(exact * height / width), side};
  } else {
    out = {side, static_cast<int64_t>(exact * width / height)};
  }
  return {out.height - out.height % r.multiple, out.width - out.width % r.multiple};
}

Size resized(Size in, const Recipe& r) {
  const auto height = static_cast<double>(in.height), width = static_cast<double>(in.width);
  const double tall = height / static_cast<double>(r.resize_height);
  const double wide = width / static_cast<double>(r.resize_width);
  const double ratio = r.fit == Recipe::Fit::kCover ? std::min(tall, wide) : std::max(tall, wide);
  switch (r.fit) {
    case Recipe::Fit::kKeep:
      return in;
    case Recipe::Fit::kSquash:
      return {r.resize_height, r.resize_width};
    case Recipe::Fit::kShortestEdge:
      return shortest_edge(in, r.resize_height);
    case Recipe::Fit::kShortestLongest:
      return shortest_longest(in, r);
    case Recipe::Fit::kWithin: {
      const double scale = std::min(static_cast<double>(r.resize_height) / height,
                                    static_cast<double>(r.resize_width) / width);
      return {static_cast<int64_t>(height * scale), static_cast<int64_t>(width * scale)};
    }
    case Recipe::Fit::kCover:
    case Recipe::Fit::kBorder:
      break;
  }
  return {round_even(height / ratio), round_even(width / ratio)};
}

}  // namespace

cv::Size resized_size(cv::Size picture, const Recipe& recipe) {
  if (picture.empty()) fail("preprocess: the picture is empty; give it one with pixels");
  const Size size = resized({picture.height, picture.width}, recipe);
  if (size.height < 1 || size.width < 1 || size.height > INT32_MAX || size.width > INT32_MAX)
    fail("preprocess: a picture of ", picture.width, " x ", picture.height, " becomes ", size.width, " x ",
         size.height, "; crop it to a more usual shape");
  return {static_cast<int>(size.width), static_cast<int>(size.height)};
}

int64_t crop_start(int64_t side, int64_t crop, Recipe::CropRounding rounding) {
  const int64_t margin = side - crop, half = margin / 2;
  if (rounding == Recipe::CropRounding::kFloor) return margin % 2 < 0 ? half - 1 : half;
  return margin < 0 ? half : round_even(static_cast<double>(margin) / 2);
}

}  // namespace fovea
