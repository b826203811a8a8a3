#include "vision/draw_detections.h"

#include <cmath>

#include "tests/vision/picture_data.h"
#include "vision/canvas.h"

namespace fovea {
namespace {

const cv::Scalar kGround(90, 120, 60);

cv::Mat drawn(cv::Size size, const std::vector<CaptionedBox>& boxes) {
  cv::Mat picture(size, CV_8UC3, kGround);
  draw_detections(picture, boxes);
  return picture;
}

cv::Vec3b colour(int64_t i) {
  const cv::Scalar& c = kPalette[static_cast<size_t>(i)];
  return {static_cast<uint8_t>(c[0]), static_cast<uint8_t>(c[1]), static_cast<uint8_t>(c[2])};
}

// Where two pictures differ.
cv::Rect difference(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat grey, differs;
  cv::absdiff(a, b, differs);
  cv::cvtColor(differs, grey, cv::COLOR_BGR2GRAY);
  return cv::boundingRect(grey);
}

// Where the caption of a lone box is.
cv::Rect caption_of(cv::Size size, const CaptionedBox& box) {
  CaptionedBox bare = box;
  bare.caption.clear();
  return difference(drawn(size, {box}), drawn(size, {bare}));
}

TEST(DrawDetections, FramesAreTheBoxesOutermostPixels) {
  const cv::Mat picture = drawn({200, 100}, {{{20, 30, 120, 90}, "", 1}});
  EXPECT_EQ(difference(picture, drawn({200, 100}, {})), cv::Rect(20, 30, 100, 60));
  EXPECT_EQ(picture.at<cv::Vec3b>(30, 20), colour(1));
  EXPECT_EQ(picture.at<cv::Vec3b>(89, 119), colour(1));
  EXPECT_EQ(picture.at<cv::Vec3b>(60, 70), cv::Vec3b(90, 120, 60));
  EXPECT_EQ(picture.at<cv::Vec3b>(31, 21), cv::Vec3b(90, 120, 60));  // one pixel wide on so small a picture
}

TEST(DrawDetections, ThicknessAndTextGrowWithThePicture) {
  const DrawingScale small = drawing_scale({64, 64}), usual = drawing_scale({640, 480}),
                     large = drawing_scale({6000, 4000});
  EXPECT_EQ(small.line, 1);
  EXPECT_GT(usual.line, small.line);
  EXPECT_GT(large.line, 4 * usual.line);
  EXPECT_GE(small.text, 0.4);  // legible still
  EXPECT_GT(usual.text, small.text);
  EXPECT_GT(large.text, 4 * usual.text);
  EXPECT_GT(large.stroke, usual.stroke);
  const CaptionedBox box{{10, 100, 60, 200}, "cat 0.99", 0};
  EXPECT_GT(caption_of({2000, 2000}, box).height, 2 * caption_of({400, 400}, box).height);
}

TEST(DrawDetections, ACaptionStandsAboveItsBox) {
  const cv::Rect place = caption_of({400, 300}, {{50, 100, 250, 200}, "cat 0.99", 2});
  EXPECT_EQ(place.x, 50);
  EXPECT_EQ(place.y + place.height, 100);
  EXPECT_GT(place.width, 50);
}

TEST(DrawDetections, CaptionsAreWholeAtEveryEdge) {
  const cv::Size size(400, 300);
  const std::string words = "remote control 0.87";
  const cv::Size whole = caption_of(size, {{100, 100, 160, 140}, words, 3}).size();
  const Box boxes[] = {{0, 0, 60, 40},   {340, 0, 400, 40},    {0, 260, 60, 300},  {340, 260, 400, 300},
                       {0, 0, 400, 300}, {390, 150, 400, 160}, {-50, -50, 30, 30}, {380, 280, 900, 900}};
  for (const Box& box : boxes) {
    const cv::Rect place = caption_of(size, {box, words, 3});
    EXPECT_NEAR(place.width, whole.width, 2) << box.x0 << " " << box.y0;  // letters may lie on its border
    EXPECT_NEAR(place.height, whole.height, 2) << box.x0 << " " << box.y0;
    EXPECT_EQ((place & cv::Rect({0, 0}, size)), place);
  }
}

TEST(DrawDetections, AWideCaptionIsWrittenSmallerAndLeftOutWhereItCannotBeRead) {
  const CaptionedBox wide{{10, 50, 60, 90}, "a caption that is rather long for its picture 0.5", 0};
  EXPECT_GT(caption_of({800, 200}, wide).width, 300);
  const cv::Rect smaller = caption_of({270, 200}, wide);
  EXPECT_GT(smaller.width, 200);
  EXPECT_LE(smaller.x + smaller.width, 270);
  EXPECT_EQ(caption_of({90, 100}, wide), cv::Rect());
  EXPECT_EQ(caption_of({300, 5}, wide), cv::Rect());
}

TEST(DrawDetections, CaptionsDoNotCoverEachOther) {
  const cv::Size size(400, 300);
  const std::vector<CaptionedBox> same(4, {{100, 100, 200, 200}, "cat 0.99", 0});
  const cv::Rect one = caption_of(size, same[0]);
  std::vector<CaptionedBox> bare = same;
  for (CaptionedBox& box : bare) box.caption.clear();
  const cv::Mat with = drawn(size, same), without = drawn(size, bare);
  cv::Mat differs;
  cv::absdiff(with, without, differs);
  cv::cvtColor(differs, differs, cv::COLOR_BGR2GRAY);
  EXPECT_GT(cv::countNonZero(differs), 3.5 * one.area());
}

TEST(DrawDetections, TheFirstBoxIsOnTop) {
  const cv::Mat picture =
      drawn({100, 100}, {{{20, 20, 60, 60}, "", 0}, {{20, 40, 60, 80}, "", 1}, {{20, 40, 60, 80}, "", 2}});
  EXPECT_EQ(picture.at<cv::Vec3b>(50, 20), colour(0));
  EXPECT_EQ(picture.at<cv::Vec3b>(70, 20), colour(1));
}

TEST(DrawDetections, AnyBoxOnAnyPicture) {
  const double nan = std::nan(""), infinite = std::numeric_limits<double>::infinity();
  const Box boxes[] = {{0, 0, 0, 0},
                       {5, 5, 5, 5},
                       {9, 9, 1, 1},
                       {nan, nan, nan, nan},
                       {-infinite, -infinite, infinite, infinite},
                       {1e18, 0, 1e19, 1}};
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(1, 500), cv::Size(500, 1), cv::Size(40, 30)})
    for (const Box& box : boxes)
      for (const int64_t index : {-1, 0, 1000003})
        EXPECT_EQ(drawn(size, {{box, "d\xc3\xb6g \x01 0.5", index}}).size(), size);
  cv::Mat nothing;
  draw_detections(nothing, {});
  EXPECT_TRUE(nothing.empty());
}

TEST(DrawDetections, LettersStandOutFromEveryColour) {
  for (int64_t i = 0; i < std::ssize(kPalette); ++i) {
    const cv::Size size(300, 200);
    const CaptionedBox box{{50, 100, 150, 150}, "WWWWWW", i};
    const cv::Mat label = drawn(size, {box})(caption_of(size, box));
    double farthest = 0;
    for (int y = 0; y < label.rows; ++y)
      for (int x = 0; x < label.cols; ++x)
        farthest = std::max(farthest, cv::norm(cv::Vec3i(label.at<cv::Vec3b>(y, x)) - cv::Vec3i(colour(i))));
    EXPECT_GT(farthest, 150) << i;
  }
}

}  // namespace
}  // namespace fovea
