#include "vision/draw_detections.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "vision/canvas.h"

namespace fovea {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kSmallestText = 0.3;
constexpr int kPlacesFartherDown = 12;

const cv::Scalar& colour_of(const CaptionedBox& box) {
  const auto colours = static_cast<int64_t>(kPalette.size());
  return kPalette[static_cast<size_t>((box.colour % colours + colours) % colours)];
}

// Black on light colours, white on dark ones: Rec. 709.
cv::Scalar readable_on(const cv::Scalar& c) {
  const double luminance = 0.0722 * c[0] + 0.7152 * c[1] + 0.2126 * c[2];
  return luminance > 110 ? cv::Scalar(0, 0, 0) : cv::Scalar(255, 255, 255);
}

// The pixels of a box within the picture, at least one.
cv::Rect pixels(const Box& box, cv::Size picture) {
  const auto place = [](double at, int most) {
    return std::isnan(at) ? 0 : static_cast<int>(std::round(std::clamp(at, 0.0, static_cast<double>(most))));
  };
  const int x0 = std::min(place(box.x0, picture.width), picture.width - 1);
  const int y0 = std::min(place(box.y0, picture.height), picture.height - 1);
  return {cv::Point(x0, y0), cv::Point(std::max(place(box.x1, picture.width), x0 + 1),
                                       std::max(place(box.y1, picture.height), y0 + 1))};
}

void draw_frame(cv::Mat& bgr, const CaptionedBox& box, int line) {
  const cv::Rect outer = pixels(box.box, bgr.size());
  const cv::Rect inner(outer.x + line, outer.y + line, outer.width - 2 * line, outer.height - 2 * line);
  const cv::Scalar& colour = colour_of(box);
  if (inner.width <= 0 || inner.height <= 0) {
    bgr(outer).setTo(colour);
    return;
  }
  bgr(cv::Rect(outer.x, outer.y, outer.width, line)).setTo(colour);
  bgr(cv::Rect(outer.x, outer.y + outer.height - line, outer.width, line)).setTo(colour);
  bgr(cv::Rect(outer.x, outer.y, line, outer.height)).setTo(colour);
  bgr(cv::Rect(outer.x + outer.width - line, outer.y, line, outer.height)).setTo(colour);
}

// A caption's own size: letters, and a margin around them.
struct Caption {
  std::string text;
  double scale;
  int stroke, below = 0, margin = 0;
  cv::Size size = {};

  Caption(const std::string& words, double text_scale, int text_stroke)
      : text(Canvas::drawable(words)), scale(text_scale), stroke(text_stroke) {
    const cv::Size letters = cv::getTextSize(text, kFont, scale, stroke, &below);
    margin = std::max(1, static_cast<int>(std::lround(5 * scale)));
    size = {letters.width + 2 * margin, letters.height + below + 2 * margin};
  }
  bool fits(cv::Size picture) const { return size.width <= picture.width && size.height <= picture.height; }
};

// As large as the picture has room for.
Caption fitted(const std::string& words, cv::Size picture, const DrawingScale& scale) {
  Caption caption(words, scale.text, scale.stroke);
  while (!caption.fits(picture) && caption.scale > kSmallestText)
    caption = Caption(words, std::max(kSmallestText, 0.9 * caption.scale), 1);
  return caption;
}

// Above the box, within it at its top, below it, within it at its bottom, or farther down: the first place
// that covers no caption, else the first.
cv::Rect place_of(const Caption& caption, const cv::Rect& box, cv::Size picture,
                  const std::vector<cv::Rect>& taken) {
  const int height = caption.size.height, bottom = box.y + box.height;
  const int x = std::clamp(box.x, 0, picture.width - caption.size.width);
  std::vector<cv::Rect> places;
  const auto try_at = [&](int y) {
    if (y >= 0 && y + height <= picture.height) places.push_back({cv::Point(x, y), caption.size});
  };
  for (const int y : {box.y - height, box.y, bottom, bottom - height}) try_at(y);
  for (int i = 1; i <= kPlacesFartherDown; ++i) try_at(box.y + i * height);
  places.push_back({cv::Point(x, std::clamp(box.y, 0, picture.height - height)), caption.size});
  const auto is_free = [&](const cv::Rect& place) {
    return std::ranges::none_of(taken, [&](const cv::Rect& other) { return (place & other).area() > 0; });
  };
  const auto chosen = std::ranges::find_if(places, is_free);
  return chosen == places.end() ? places.front() : *chosen;
}

void write_caption(cv::Mat& bgr, const Caption& caption, const cv::Rect& place, const cv::Scalar& colour) {
  cv::Mat label = bgr(place);
  label.setTo(colour);
  cv::putText(label, caption.text, {caption.margin, place.height - caption.margin - caption.below}, kFont,
              caption.scale, readable_on(colour), caption.stroke, cv::LINE_AA);
}

}  // namespace

DrawingScale drawing_scale(cv::Size picture) {
  const double side = std::sqrt(static_cast<double>(picture.width) * picture.height);
  const double text = std::max(0.4, side / 1000);
  return {.line = std::max(1, static_cast<int>(std::lround(side / 320))),
          .text = text,
          .stroke = std::max(1, static_cast<int>(std::lround(1.7 * text)))};
}

void draw_detections(cv::Mat& bgr, std::span<const CaptionedBox> boxes) {
  if (bgr.empty()) return;
  const cv::Size picture = bgr.size();
  const DrawingScale scale = drawing_scale(picture);
  for (auto box = boxes.rbegin(); box != boxes.rend(); ++box) draw_frame(bgr, *box, scale.line);
  struct Placed {
    Caption caption;
    cv::Rect place;
    cv::Scalar colour;
  };
  std::vector<cv::Rect> taken;
  std::vector<Placed> placed;
  for (const CaptionedBox& box : boxes) {
    Caption caption = fitted(box.caption, picture, scale);
    if (box.caption.empty() || !caption.fits(picture)) continue;
    const cv::Rect place = place_of(caption, pixels(box.box, picture), picture, taken);
    taken.push_back(place);
    placed.push_back({std::move(caption), place, colour_of(box)});
  }
  for (auto one = placed.rbegin(); one != placed.rend(); ++one)
    write_caption(bgr, one->caption, one->place, one->colour);
}

}  // namespace fovea
