#include "vision/attention_view.h"

#include <cmath>

#include "tests/vision/picture_data.h"
#include "vision/canvas.h"
#include "vision/legend.h"

namespace fovea {
namespace {

const cv::Scalar kWhite(255, 255, 255);

int pixels_of(const cv::Mat& picture, const cv::Scalar& colour) {
  cv::Mat mask;
  cv::inRange(picture, colour, colour, mask);
  return cv::countNonZero(mask);
}

cv::Scalar scalar(const cv::Vec3b& colour) {
  return {static_cast<double>(colour[0]), static_cast<double>(colour[1]), static_cast<double>(colour[2])};
}

// Nothing that was drawn touches the edge, so nothing was cut off there.
void expect_white_edge(const cv::Mat& picture) {
  EXPECT_EQ(pixels_of(picture.row(0), kWhite), picture.cols);
  EXPECT_EQ(pixels_of(picture.row(picture.rows - 1), kWhite), picture.cols);
  EXPECT_EQ(pixels_of(picture.col(0), kWhite), picture.rows);
  EXPECT_EQ(pixels_of(picture.col(picture.cols - 1), kWhite), picture.rows);
}

cv::Mat below(const cv::Mat& out, int rows) {
  return out.rowRange(rows, out.rows);
}

// From 0 at the left to 1 at the right.
cv::Mat ramp(cv::Size size, float times = 1) {
  cv::Mat values(size, CV_32F);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      values.at<float>(y, x) = times * static_cast<float>(x) / static_cast<float>(size.width - 1);
  return values;
}

const std::string kLong =
    "relevance of class 'Chesapeake Bay retriever' as google/vit-base-patch16-224-in21k sees it " +
    std::string(400, 'W') + " and more and more words that nobody needs to read to the end";

TEST(ValueRange, IsOfFiniteValuesAlone) {
  const cv::Mat values = (cv::Mat_<float>(2, 3) << NAN, 3, -2, INFINITY, 1, NAN);
  const ValueRange range = range_of(values);
  EXPECT_EQ(range.low, -2);
  EXPECT_EQ(range.high, 3);
  EXPECT_FALSE(range.rule.empty());
  const ValueRange none = range_of(cv::Mat(2, 2, CV_32F, cv::Scalar(NAN)));
  EXPECT_EQ(none.low, 0);
  EXPECT_EQ(none.high, 0);
  EXPECT_FALSE(complaint([] { range_of(cv::Mat(2, 2, CV_8U)); }).empty());
}

TEST(Overlay, MixesColoursByOpacityAndLeavesWhatIsNotShown) {
  const cv::Mat bgr = noise_picture(200, 400, 1);
  cv::Mat values = ramp(bgr.size());
  values(cv::Rect(100, 50, 30, 20)).setTo(NAN);
  const cv::Mat table = colour_table(ColourMap::kMagma);
  for (const double opacity : {0.0, 0.55, 1.0}) {
    const OverlayStyle style{.colours = ColourMap::kMagma, .opacity = opacity, .title = "ramp"};
    const cv::Mat out = overlay(bgr, values, {0.25, 0.75, "fixed"}, style);
    ASSERT_EQ(out.cols, 400);
    for (int y = 0; y < 200; ++y)
      for (int x = 0; x < 400; ++x) {
        const double value = values.at<float>(y, x);
        const auto index = static_cast<int>(std::lround(255 * std::clamp((value - 0.25) / 0.5, 0.0, 1.0)));
        for (int c = 0; c < 3; ++c) {
          const double under = bgr.at<cv::Vec3b>(y, x)[c];
          const double mixed = std::isnan(value)
                                   ? under
                                   : opacity * table.at<cv::Vec3b>(0, std::isnan(value) ? 0 : index)[c] +
                                         (1 - opacity) * under;
          ASSERT_NEAR(out.at<cv::Vec3b>(y, x)[c], mixed, 0.5 + 1e-9) << x << "," << y;
        }
      }
  }
}

TEST(Overlay, HasALegendThatIsNeverCutOff) {
  for (const cv::Size size : {cv::Size(32, 32), cv::Size(320, 10), cv::Size(640, 480), cv::Size(2400, 1800),
                              cv::Size(100, 1500), cv::Size(400, 3000)})
    for (const std::string& title : {std::string(), std::string("attention"), kLong}) {
      const cv::Mat bgr(size, CV_8UC3, cv::Scalar(10, 20, 30));
      const ValueRange range{-1.2345678e-5, 98765432.1, title};
      const cv::Mat out = overlay(bgr, ramp(size), range, {.title = title});
      const Enlarged shown = wide_enough(bgr);
      ASSERT_GE(out.cols, 320);
      ASSERT_EQ(out.cols, shown.bgr.cols);
      const cv::Mat strip = below(out, shown.bgr.rows);
      ASSERT_GT(strip.rows, 40);
      expect_white_edge(strip);
      const cv::Mat table = colour_table(ColourMap::kInferno);
      EXPECT_GT(pixels_of(strip, scalar(colour_of(table, 0))), 5);
      EXPECT_GT(pixels_of(strip, scalar(colour_of(table, 1))), 5);
    }
}

TEST(Overlay, SaysMoreWithATitleAndOtherValues) {
  const cv::Mat bgr(100, 400, CV_8UC3, cv::Scalar(9, 9, 9)), values = ramp({400, 100});
  const cv::Mat plain = overlay(bgr, values, {0, 1, "rule"}, {});
  EXPECT_GT(overlay(bgr, values, {0, 1, "rule"}, {.title = "title"}).rows, plain.rows);
  EXPECT_LT(overlay(bgr, values, {0, 1, ""}, {}).rows, plain.rows);
  const cv::Mat other = overlay(bgr, values, {0, 2, "rule"}, {});
  ASSERT_EQ(other.size(), plain.size());
  EXPECT_FALSE(same_pixels(below(other, 100), below(plain, 100)));
}

TEST(Overlay, EnlargesSmallPicturesByWholePixels) {
  const cv::Mat bgr = noise_picture(32, 32, 3);
  const cv::Mat out = overlay(bgr, cv::Mat(32, 32, CV_32F, cv::Scalar(NAN)), {0, 1, "r"}, {});
  ASSERT_EQ(out.cols, 320);
  for (int y = 0; y < 320; ++y)
    for (int x = 0; x < 320; ++x)
      ASSERT_EQ(out.at<cv::Vec3b>(y, x), bgr.at<cv::Vec3b>(y / 10, x / 10)) << x << "," << y;
  const Enlarged strip = wide_enough(noise_picture(1500, 20, 4));
  EXPECT_EQ(strip.bgr.size(), cv::Size(320, 1500));
  EXPECT_EQ(strip.place({10, 5}), cv::Point2d(160, 5));
}

TEST(Overlay, RefusesWhatDoesNotFit) {
  const cv::Mat bgr(20, 30, CV_8UC3, kWhite);
  EXPECT_EQ(complaint([&] {
              overlay(bgr, ramp({20, 30}), {}, {});
            }),
            "overlay: the map is not of float32 and of the picture's 30 x 20 pixels");
  EXPECT_FALSE(complaint([&] { overlay(cv::Mat(2, 2, CV_8U), ramp({2, 2}), {}, {}); }).empty());
}

TEST(Mark, ShowsOnAnyGroundWhereItIsTold) {
  for (const int gray : {0, 128, 255}) {
    cv::Mat bgr(300, 400, CV_8UC3, cv::Scalar::all(gray));
    const cv::Mat before = bgr.clone();
    mark(bgr, {120.5, 70.5});
    EXPECT_EQ(bgr.at<cv::Vec3b>(70, 120), cv::Vec3b(255, 255, 255));
    cv::Mat differs, changed;
    cv::absdiff(bgr, before, differs);
    cv::cvtColor(differs, changed, cv::COLOR_BGR2GRAY);
    const cv::Rect place = cv::boundingRect(changed);
    EXPECT_NEAR(place.x + place.width / 2.0, 120.5, 1);
    EXPECT_NEAR(place.y + place.height / 2.0, 70.5, 1);
    EXPECT_LT(place.width, 40);
  }
  cv::Mat bgr(30, 40, CV_8UC3, cv::Scalar::all(128));
  mark(bgr, {NAN, 3});
  EXPECT_EQ(pixels_of(bgr, cv::Scalar::all(128)), 1200);
  mark(bgr, {1000, -5});  // at the edge
  EXPECT_EQ(bgr.at<cv::Vec3b>(0, 39), cv::Vec3b(255, 255, 255));
  const cv::Mat small(32, 32, CV_8UC3, cv::Scalar::all(128));
  const cv::Mat out =
      overlay(small, cv::Mat(32, 32, CV_32F, cv::Scalar(NAN)), {}, {.at = cv::Point2d(8, 20)});
  EXPECT_EQ(out.at<cv::Vec3b>(200, 80), cv::Vec3b(255, 255, 255));
}

TEST(PointsOverlay, DrawsHeavierOnesLargerAndOnTop) {
  const cv::Mat bgr(480, 640, CV_8UC3, cv::Scalar(90, 120, 60));
  const cv::Mat table = colour_table(ColourMap::kViridis);
  const OverlayStyle style{.colours = ColourMap::kViridis, .title = "points"};
  const std::vector<WeightedPoint> points = {{{100, 100}, 0.4}, {{300, 100}, 0.1}, {{100, 104}, 0.05}};
  const cv::Mat out = points_overlay(bgr, points, {500, 300}, {0.05, 0.4}, style);
  EXPECT_EQ(out.at<cv::Vec3b>(100, 100), colour_of(table, 1));
  EXPECT_EQ(out.at<cv::Vec3b>(104, 100), colour_of(table, 1));  // under the first, though it came later
  EXPECT_EQ(out.at<cv::Vec3b>(100, 300), colour_of(table, 0.25));
  EXPECT_EQ(out.at<cv::Vec3b>(300, 500), cv::Vec3b(255, 255, 255));
  EXPECT_GT(pixels_of(out.rowRange(0, 480), scalar(colour_of(table, 1))),
            2 * pixels_of(out.rowRange(0, 480), scalar(colour_of(table, 0.25))));
  expect_white_edge(below(out, 480));
}

TEST(PointsOverlay, CountsWhatLiesOutside) {
  const cv::Mat bgr(48, 40, CV_8UC3, cv::Scalar(90, 120, 60));
  const std::vector<WeightedPoint> inside = {{{20, 30}, 1}, {{40, 0}, 0.5}};
  std::vector<WeightedPoint> more = inside;
  more.push_back({{-1, 5}, 2});
  more.push_back({{5, 49}, 2});
  more.push_back({{5, 5}, NAN});
  const ValueRange range{0.5, 1};
  const cv::Mat a = points_overlay(bgr, inside, {10, 10}, range, {});
  const cv::Mat b = points_overlay(bgr, more, {10, 10}, range, {});
  const int rows = 48 * 8;
  ASSERT_EQ(a.cols, 320);
  EXPECT_TRUE(same_pixels(a.rowRange(0, rows), b.rowRange(0, rows)));
  EXPECT_GT(b.rows, a.rows);  // the legend tells
  EXPECT_EQ(a.at<cv::Vec3b>(240, 160), colour_of(colour_table(ColourMap::kInferno), 1));
  EXPECT_GE(points_overlay(bgr, {}, {10, 10}, {0, 0}, {}).rows, rows + 40);
}

std::vector<std::string> names(const std::string& word, int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(word + std::to_string(i));
  return out;
}

// Half least, half greatest.
cv::Mat halves(cv::Size size, float low, float high) {
  cv::Mat values(size, CV_32F, cv::Scalar(low));
  values.colRange(size.width / 2, size.width).setTo(high);
  return values;
}

TEST(ContactSheet, ShowsEachMapByItsOwnRange) {
  const cv::Mat bgr(300, 400, CV_8UC3, cv::Scalar(90, 120, 60)), table = colour_table(ColourMap::kInferno);
  const OverlayStyle style{.opacity = 1};
  const std::vector<SheetTile> none, one = {{1, 2, halves(bgr.size(), 0, 1)}},
                                     two = {one[0], {0, 0, halves({96, 72}, -1000, 3)}};
  const auto ends = [&](const std::vector<SheetTile>& tiles, double share) {
    return pixels_of(contact_sheet(bgr, tiles, names("layer ", 2), names("head ", 3), style),
                     scalar(colour_of(table, share)));
  };
  for (const double share : {0.0, 1.0}) {
    const int half = 96 * 72 / 2;
    EXPECT_NEAR(ends(one, share) - ends(none, share), half, 72) << share;
    EXPECT_NEAR(ends(two, share) - ends(none, share), 2 * half, 144) << share;
  }
}

TEST(ContactSheet, StaysWithinItsLimits) {
  const struct {
    cv::Size picture;
    int rows, columns;
  } cases[] = {{{640, 480}, 12, 12}, {{640, 480}, 24, 16}, {{300, 2000}, 3, 60},
               {{32, 32}, 1, 1},     {{500, 500}, 150, 3}, {{2000, 100}, 40, 20}};
  for (const auto& one : cases) {
    const cv::Mat bgr(one.picture, CV_8UC3, cv::Scalar(90, 120, 60));
    std::vector<SheetTile> tiles;
    for (int row = 0; row < one.rows; ++row)
      for (int column = 0; column < one.columns; ++column)
        tiles.push_back({row, column, ramp({14, 14}, 1e-3f)});
    const cv::Mat sheet = contact_sheet(bgr, tiles, names("model.encoder.layers.", one.rows),
                                        names("head ", one.columns), {.title = kLong});
    EXPECT_LE(sheet.cols, 4096);
    EXPECT_LE(sheet.rows, 4096);
    EXPECT_GE(sheet.cols, 320);
    expect_white_edge(sheet);
  }
}

TEST(ContactSheet, SaysWhatDoesNotFit) {
  const cv::Mat bgr(30, 40, CV_8UC3, kWhite);
  const std::vector<SheetTile> outside = {{2, 0, ramp({4, 4})}}, odd = {{0, 0, cv::Mat(4, 4, CV_8U)}};
  EXPECT_EQ(complaint([&] {
              contact_sheet(bgr, outside, {"a", "b"}, {"c"}, {});
            }),
            "contact_sheet: a map at row 2, column 0 of 2 x 1");
  EXPECT_FALSE(complaint([&] { contact_sheet(bgr, odd, {"a"}, {"c"}, {}); }).empty());
  EXPECT_FALSE(complaint([&] { contact_sheet(bgr, {}, {}, {"c"}, {}); }).empty());
  EXPECT_EQ(complaint([&] { contact_sheet(bgr, {}, names("r", 2000), {"c"}, {}); }),
            "contact_sheet: 2000 x 1 maps do not fit into 4096 pixels a side; choose fewer layers or heads");
}

// How many pixels of a column of the chart have a colour.
int height_at(const cv::Mat& chart, int x, const cv::Scalar& colour) {
  return pixels_of(chart.col(x), colour);
}

TEST(BarChart, IsAsHighAsItsValues) {
  const std::vector<float> values = {1, 0.5f, -0.25f, NAN, 0.75f};
  const cv::Mat chart = bar_chart(values, "gates", "channel");
  const int left = 84, each = 560 / 5;  // where the plot begins, and the width of a bar
  const int full = height_at(chart, left + each / 2, kPalette[0]);
  EXPECT_GT(full, 150);
  EXPECT_NEAR(height_at(chart, left + each + each / 2, kPalette[0]), full * 0.5, 2);
  EXPECT_NEAR(height_at(chart, left + 2 * each + each / 2, kPalette[1]), full * 0.25, 2);
  EXPECT_EQ(height_at(chart, left + 3 * each + each / 2, kPalette[0]), 0);
  EXPECT_NEAR(height_at(chart, left + 4 * each + each / 2, kPalette[0]), full * 0.75, 2);
}

TEST(BarChart, TakesAnyNumberOfValues) {
  for (const size_t count : {1u, 2u, 64u, 100u, 512u, 2048u, 5000u}) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(0.5 + 0.5 * std::sin(i * 0.7));
    const cv::Mat chart = bar_chart(values, kLong, kLong);
    EXPECT_GE(chart.cols, 560) << count;
    EXPECT_LE(chart.cols, 2300) << count;
    EXPECT_GT(pixels_of(chart, kPalette[0]), 5000) << count;
    expect_white_edge(chart);
  }
  for (const float odd : {0.f, NAN, 1e30f, -1e-30f})
    expect_white_edge(bar_chart(std::vector<float>{odd, odd}, "odd", "channel"));
  EXPECT_FALSE(complaint([] { bar_chart({}, "none", "channel"); }).empty());
}

}  // namespace
}  // namespace fovea
