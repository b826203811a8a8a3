#include "vision/attention_page.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <regex>

#include "attention/base/error.h"
#include "tests/vision/picture_data.h"
#include "tests/vision/sample_page.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

// Noise of several sizes: as hard to compress as a busy photo.
cv::Mat busy_picture(int width, int height) {
  cv::Mat sum(height, width, CV_32FC3, cv::Scalar::all(0));
  for (const int size : {128, 32, 8, 2}) {
    cv::Mat noise, grown;
    noise_picture(height / size + 2, width / size + 2, static_cast<uint64_t>(size))
        .convertTo(noise, CV_32FC3);
    cv::resize(noise, grown, sum.size(), 0, 0, cv::INTER_CUBIC);
    sum += grown * (size > 2 ? 0.3 : 0.1);
  }
  cv::Mat bgr;
  sum.convertTo(bgr, CV_8UC3);
  return bgr;
}

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const size_t begin = text.find(from) + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

Json data_of(const std::string& html) {
  return Json::parse(between(html, R"(<script type="application/json" id="data">)", "</script>"));
}

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(AttentionPage, TwelveLayersOfTwelveHeadsStayUnder3MB) {
  for (const double noise : {0.5, 2.0}) {
    const SampleShape shape{12, 12, 14, 14, noise, true};
    const std::string html = attention_page(sample_page(busy_picture(1024, 768), shape));
    EXPECT_LT(html.size(), 3'000'000u);
    const Json grid = data_of(html)["grid"];
    EXPECT_EQ(grid["rows"], 14);  // not pooled
    EXPECT_GE(grid["levels"], 11);
  }
}

TEST(AttentionPage, MoreWeightsAreKeptCoarser) {
  const SampleShape shape{4, 6, 25, 30, 0.5, false};
  const std::string html = attention_page(sample_page(busy_picture(300, 300), shape));
  EXPECT_LT(html.size(), 3'000'000u);
  const Json data = data_of(html);
  EXPECT_EQ(data["grid"]["rows"], 13);
  EXPECT_EQ(data["grid"]["columns"], 15);
  EXPECT_NEAR(data["grid"]["frame"][3].get<double>(), 26.0 / 25, 1e-12);
  EXPECT_NE(data["grid"]["note"].get<std::string>().find("2 x 2 patches"), std::string::npos);
}

TEST(AttentionPage, UntrustedTextStaysText) {
  const std::string evil = "</script><img src=x onerror=alert(1)><!-- {{bytes}} & \" ' \xff.jpg";
  AttentionPage page = sample_page(busy_picture(90, 60), {1, 2, 3, 3, 1, true});
  page.objects = {{"plain", {1, 2, 3, 4}}};
  const std::string tame = attention_page(page);
  page.title = page.model = page.fovea = page.layers[0].name = evil;
  page.maps[0].method = page.maps[0].note = page.objects[0].caption = evil;
  const std::string html = attention_page(page);
  for (const char* markup : {"<script", "</script", "<img", "<!--", "<", ">"})
    EXPECT_EQ(count(html, markup), count(tame, markup)) << markup;
  const std::string shown = evil.substr(0, evil.find('\xff')) + "\xef\xbf\xbd.jpg";
  const Json data = data_of(html);
  for (const Json& text : {data["title"], data["layers"][0]["name"], data["maps"][0]["method"],
                           data["maps"][0]["note"], data["objects"][0]["caption"]})
    EXPECT_EQ(text, shown);
}

TEST(AttentionPage, AsksForNothingOutside) {
  const std::string html = attention_page(sample_page(busy_picture(90, 60), {1, 2, 3, 3, 1, true}));
  for (const char* outside :
       {"http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket", "<iframe"})
    EXPECT_EQ(count(html, outside), 0u) << outside;
  const std::regex address(R"re((?:src|href)\s*=\s*"(?!data:))re");
  const std::string markup = html.substr(0, html.find(R"(id="data">)"));
  EXPECT_FALSE(std::regex_search(markup, address));
  EXPECT_EQ(count(html, "default-src 'none'"), 1u);
}

TEST(AttentionPage, SameBytesEachTime) {
  const AttentionPage page = sample_page(busy_picture(200, 150), {2, 3, 5, 4, 1, true});
  EXPECT_EQ(attention_page(page), attention_page(page));
}

TEST(AttentionPage, PictureIsAtMost1024PixelsLong) {
  AttentionPage page = sample_page(busy_picture(1500, 900), {1, 1, 2, 2, 1, true});
  const std::string uri = data_of(attention_page(page))["picture"];
  ASSERT_EQ(uri.rfind("data:image/jpeg;base64,/9j/", 0), 0u);
  page.bgr = busy_picture(640, 20);
  page.place.picture = page.bgr.size();
  EXPECT_LT(data_of(attention_page(page))["picture"].get<std::string>().size(), uri.size());
  page.bgr = cv::Mat();
  EXPECT_THROW(attention_page(page), Error);
}

TEST(AttentionPage, PlacesAreSharesOfThePicture) {
  AttentionPage page = sample_page(busy_picture(400, 200), {1, 1, 2, 2, 1, true});
  page.place = square_place(page.bgr.size(), 100);
  page.objects = {{"it", {100, 50, 300, 200}}};
  const Json data = data_of(attention_page(page));
  EXPECT_EQ(data["frame"], Json({0.25, 0.0, 0.75, 1.0}));  // the centred square
  EXPECT_EQ(data["objects"][0]["box"], Json({0.25, 0.25, 0.75, 1.0}));
}

TEST(AttentionPage, MapsOfOneNameAreNumbered) {
  AttentionPage page = sample_page(busy_picture(40, 40), {1, 1, 2, 2, 1, true});
  page.objects = {{"a", {}}, {"b", {}}};
  cv::Mat_<float> values = (cv::Mat_<float>(1, 3) << NAN, -2, 6);
  page.maps = {{"cam", "", -1, values}, {"cam", "", 1, values}, {"cam", "", -1, values}};
  const Json maps = data_of(attention_page(page))["maps"];
  EXPECT_EQ(maps[0]["method"], "cam");
  EXPECT_EQ(maps[1]["method"], "cam");
  EXPECT_EQ(maps[2]["method"], "cam 2");
  EXPECT_EQ(maps[0]["low"], -2);
  EXPECT_EQ(maps[0]["high"], 6);
  EXPECT_EQ(maps[1]["at"].get<int>() - maps[0]["at"].get<int>(), 3);
  page.maps[1].object = 2;
  EXPECT_THROW(attention_page(page), Error);
}

TEST(AttentionPage, NeedsNoLayersAndNoMaps) {
  AttentionPage page = sample_page(busy_picture(40, 40), {1, 1, 2, 2, 1, true});
  page.layers.clear();
  Json data = data_of(attention_page(page));
  EXPECT_TRUE(data["layers"].empty());
  EXPECT_EQ(data["maps"].size(), 2u);
  page.maps.clear();
  data = data_of(attention_page(page));
  EXPECT_TRUE(data["maps"].empty());
}

}  // namespace
}  // namespace fovea
