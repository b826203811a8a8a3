#include "vision/drawable_text.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "vision/canvas.h"
#include "vision/confusion_matrix.h"

namespace fovea {
namespace {

TEST(DrawableText, LatinLettersLoseTheirMarks) {
  EXPECT_EQ(drawable_text("plain ASCII, ~ and all!"), "plain ASCII, ~ and all!");
  EXPECT_EQ(drawable_text("größer"), "grosser");
  EXPECT_EQ(drawable_text("ÀÖØÞßàöøþÿ × ÷"), "AOOThssaoothy x /");
  EXPECT_EQ(drawable_text("Łódź, Æsir, œuvre, Ĳsselmeer, ŉ, ſ"), "Lodz, AEsir, oeuvre, IJsselmeer, 'n, s");
  EXPECT_EQ(drawable_text("ĀāĐđĞğİıĶķĸĿŀŊŋŐőŠšŢţŽž"), "AaDdGgIiKkkLlNnOoSsTtZz");
  EXPECT_EQ(drawable_text("Știință țară ẞ"), "Stiinta tara SS");
  EXPECT_EQ(drawable_text("o\u0308 e\u0301"), "o e");  // letter and mark apart
  EXPECT_EQ(drawable_text("a\u00A0b \u2013 \u201Cc\u201D \u2026"), "a b - \"c\" ...");
}

TEST(DrawableText, OneQuestionMarkForWhatHasNoLetters) {
  EXPECT_EQ(drawable_text("赤血球"), "???");
  EXPECT_EQ(drawable_text("кот 1"), "??? 1");
  EXPECT_EQ(drawable_text("a😀b"), "a?b");
  EXPECT_EQ(drawable_text("tab\tdel\x7F"), "tab?del?");
  EXPECT_EQ(drawable_text("\xC3"), "?");  // bytes that are no UTF-8
  EXPECT_EQ(drawable_text("\xE8\xB5z\x80\x80"), "?z?");
  EXPECT_EQ(drawable_text(""), "");
}

TEST(DrawableText, ANameThatIsLostIsItsNumber) {
  EXPECT_EQ(drawable_name("赤血球", "class 3"), "class 3");
  EXPECT_EQ(drawable_name("赤血球 1", "class 3"), "class 3");
  EXPECT_EQ(drawable_name("größer", "class 3"), "grosser");
  EXPECT_EQ(drawable_name("car 车", "class 3"), "car ?");
  EXPECT_EQ(drawable_name("", "class 3"), "");
}

TEST(DrawableText, ChartsShowNumbersForSuchNames) {
  const std::vector<int64_t> counts = {7, 1, 0, 5};
  const auto drawn = [&](const std::vector<std::string>& rows, const std::vector<std::string>& columns) {
    return draw_confusion_matrix(counts, rows, columns);
  };
  const auto same = [](const cv::Mat& a, const cv::Mat& b) {
    return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
  };
  const cv::Mat numbers = drawn({"class 0", "class 1"}, {"class 0", "class 1"});
  EXPECT_TRUE(same(drawn({"赤血球", "白血球"}, {"赤血球", "白血球"}), numbers));
  EXPECT_FALSE(same(drawn({"白血球", "赤血球"}, {"赤血球", "白血球"}), numbers));  // one number a name
}

}  // namespace
}  // namespace fovea
