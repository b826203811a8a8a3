#pragma once
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "vision/attention_view.h"
#include "vision/draw_detections.h"

namespace fovea {

// 256 colours of 8UC3 in one row, blue first, and the one of a share from 0 to 1; what is outside has an
// end's.
cv::Mat colour_table(ColourMap colours);
cv::Vec3b colour_of(const cv::Mat& table, double share);

// Where a value lies in a range, 0 to 1; 0 throughout a range of one value.
double share_of(double value, const ValueRange& range);

// Colours over a picture where the map of its size has a value.
void mix_colours(cv::Mat& bgr, const cv::Mat& values, const ValueRange& range, const OverlayStyle& style);

// Significant digits; no locale changes them.
std::string true_value(double value, int digits = 4);

// Dark letters on a picture: thicker where they are larger. `at`: the middle of the text's height, left end.
cv::Size letters_size(const std::string& text, const DrawingScale& scale);
void letters(cv::Mat& bgr, const std::string& text, cv::Point at, const DrawingScale& scale);

// Text in at most `most` lines of `width` pixels; the last ends in "..." if there would be more.
std::vector<std::string> wrapped(const std::string& text, int width, const DrawingScale& scale, int most);

// A white strip: title, colours, what both ends stand for, the rule.
struct LegendText {
  std::string title, low, high, rule;
};
cv::Mat legend(int width, ColourMap colours, const LegendText& text, const DrawingScale& scale);

// Of a picture that stands in a legend's place above it: whole multiples of its pixels, white at both sides.
struct Enlarged {
  cv::Mat bgr;
  int times = 1, left = 0;
  cv::Point2d place(cv::Point2d at) const { return {at.x * times + left, at.y * times}; }
};
Enlarged wide_enough(const cv::Mat& bgr);
DrawingScale legend_scale(cv::Size picture);

}  // namespace fovea
