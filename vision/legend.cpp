#include "vision/legend.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "vision/canvas.h"

namespace fovea {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr int kLeastWidth = 320, kMostEnlargedHeight = 1600;
const cv::Scalar kInk(40, 40, 40), kFrame(120, 120, 120), kWhite(255, 255, 255);

int opencv_colours(ColourMap colours) {
  switch (colours) {
    case ColourMap::kViridis:
      return cv::COLORMAP_VIRIDIS;
    case ColourMap::kMagma:
      return cv::COLORMAP_MAGMA;
    case ColourMap::kCividis:
      return cv::COLORMAP_CIVIDIS;
    case ColourMap::kTurbo:
      return cv::COLORMAP_TURBO;
    case ColourMap::kInferno:
      break;
  }
  return cv::COLORMAP_INFERNO;
}

// The most letters from `from` on that fit, one at least; up to a blank if there is one among them.
size_t line_length(const std::string& text, size_t from, int width, const DrawingScale& scale) {
  size_t count = text.size() - from;
  while (count > 1 && letters_size(text.substr(from, count), scale).width > width) --count;
  if (from + count == text.size() || text[from + count] == ' ') return count;
  const size_t blank = text.rfind(' ', from + count - 1);
  return blank == std::string::npos || blank <= from ? count : blank - from;
}

}  // namespace

cv::Mat colour_table(ColourMap colours) {
  cv::Mat grays(1, 256, CV_8UC1), table;
  for (int i = 0; i < 256; ++i) grays.at<uint8_t>(0, i) = static_cast<uint8_t>(i);
  cv::applyColorMap(grays, table, opencv_colours(colours));
  return table;
}

cv::Vec3b colour_of(const cv::Mat& table, double share) {
  return table.at<cv::Vec3b>(0, static_cast<int>(std::lround(255 * std::clamp(share, 0.0, 1.0))));
}

double share_of(double value, const ValueRange& range) {
  return range.high > range.low ? std::clamp((value - range.low) / (range.high - range.low), 0.0, 1.0) : 0;
}

std::string true_value(double value, int digits) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits);
  const std::string shown(text.data(), end.ptr);
  return shown == "-0" ? "0" : shown;
}

cv::Size letters_size(const std::string& text, const DrawingScale& scale) {
  int below = 0;
  const cv::Size size = cv::getTextSize(Canvas::drawable(text), kFont, scale.text, scale.stroke, &below);
  return {size.width, size.height + below};
}

void letters(cv::Mat& bgr, const std::string& text, cv::Point at, const DrawingScale& scale) {
  int below = 0;
  const std::string shown = Canvas::drawable(text);
  const cv::Size size = cv::getTextSize(shown, kFont, scale.text, scale.stroke, &below);
  cv::putText(bgr, shown, {at.x, at.y + size.height / 2}, kFont, scale.text, kInk, scale.stroke, cv::LINE_AA);
}

std::vector<std::string> wrapped(const std::string& text, int width, const DrawingScale& scale, int most) {
  constexpr size_t kMostLetters = 2000;  // nobody reads on; file names may be of any length
  const std::string shown = Canvas::drawable(text).substr(0, kMostLetters);
  std::vector<std::string> lines;
  for (size_t from = 0; from < shown.size();) {
    const size_t count = line_length(shown, from, width, scale);
    lines.push_back(shown.substr(from, count));
    from = shown.find_first_not_of(' ', from + count);
    if (from == std::string::npos || std::ssize(lines) < most) continue;
    std::string& last = lines.back();
    while (!last.empty() && letters_size(last + "...", scale).width > width) last.pop_back();
    last += "...";
    break;
  }
  return lines;
}

cv::Mat legend(int width, ColourMap colours, const LegendText& text, const DrawingScale& scale) {
  constexpr int kMostLines = 3;
  const int line = letters_size("Ag|", scale).height + 4 * scale.stroke, margin = line / 2;
  const auto title = wrapped(text.title, width - 2 * margin, scale, kMostLines);
  const auto rule = wrapped(text.rule, width - 2 * margin, scale, kMostLines);
  const auto lines = static_cast<int>(title.size() + rule.size()) + 2;  // one of colours, one of their ends
  cv::Mat strip(lines * line + 3 * margin, width, CV_8UC3, kWhite);
  int y = margin;
  const auto write = [&](const std::string& words, int x) {
    letters(strip, words, {x, y + line / 2}, scale);
  };
  for (const std::string& words : title) {
    write(words, margin);
    y += line;
  }
  y += title.empty() ? 0 : margin / 2;
  const cv::Rect bar(margin, y, width - 2 * margin, line);
  cv::Mat gradient;
  cv::resize(colour_table(colours), gradient, bar.size(), 0, 0, cv::INTER_LINEAR);
  gradient.copyTo(strip(bar));
  cv::rectangle(strip, cv::Rect(bar.x - 1, bar.y - 1, bar.width + 2, bar.height + 2), kFrame);
  y += line + margin / 2;
  write(text.low, margin);
  write(text.high, width - margin - letters_size(text.high, scale).width);
  y += line;
  for (const std::string& words : rule) {
    write(words, margin);
    y += line;
  }
  return strip;
}

Enlarged wide_enough(const cv::Mat& bgr) {
  Enlarged out;
  if (bgr.cols >= kLeastWidth) {
    out.bgr = bgr;
    return out;
  }
  out.times =
      std::clamp((kLeastWidth + bgr.cols - 1) / bgr.cols, 1, std::max(1, kMostEnlargedHeight / bgr.rows));
  cv::resize(bgr, out.bgr, bgr.size() * out.times, 0, 0, cv::INTER_NEAREST);
  const int missing = std::max(0, kLeastWidth - out.bgr.cols);
  out.left = missing / 2;
  cv::copyMakeBorder(out.bgr, out.bgr, 0, 0, out.left, missing - out.left, cv::BORDER_CONSTANT, kWhite);
  return out;
}

DrawingScale legend_scale(cv::Size picture) {
  DrawingScale scale = drawing_scale(picture);
  scale.text = std::clamp(scale.text, 0.45, std::max(0.45, picture.width / 700.0));
  scale.stroke = std::max(1, static_cast<int>(std::lround(1.7 * scale.text)));
  return scale;
}

}  // namespace fovea
