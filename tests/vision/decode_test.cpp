#include "vision/decode.h"

#include <gtest/gtest.h>

#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "attention/base/rng.h"

namespace fovea {
namespace {

using Bytes = std::vector<uint8_t>;

cv::Mat picture(int height, int width, uint64_t seed = 1) {
  Rng rng(seed);
  cv::Mat rgb(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < 3 * width; ++x) rgb.ptr(y)[x] = static_cast<uint8_t>(x * 5 + y * 3 + rng.next() % 16);
  return rgb;
}

Bytes encode(const char* extension, const cv::Mat& rgb, const std::vector<int>& options = {}) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  Bytes bytes;
  EXPECT_TRUE(cv::imencode(extension, bgr, bytes, options));
  return bytes;
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

// The code of the ImageError that `bytes` cause; "picture" if they cause none.
std::string outcome(const Bytes& bytes, const DecodeOptions& options = {}) {
  try {
    decode_image(bytes, options);
    return "picture";
  } catch (const ImageError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind(options.name + ": ", 0), 0u) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return error.code;
  }
}

Bytes text(std::string_view words) {
  return {words.begin(), words.end()};
}

// A little-endian EXIF block whose only tag is the orientation.
Bytes exif_block(int orientation) {
  Bytes block = text(std::string_view("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0?\0\0\0\0\0\0\0", 26));
  block[18] = static_cast<uint8_t>(orientation);
  return block;
}

Bytes jpeg_with_exif(const cv::Mat& rgb, int orientation) {
  const Bytes plain = encode(".jpg", rgb), exif = exif_block(orientation);
  Bytes segment = text(std::string_view("\xFF\xE1\0?Exif\0\0", 10));
  segment[3] = static_cast<uint8_t>(8 + exif.size());
  segment.insert(segment.end(), exif.begin(), exif.end());
  Bytes bytes = plain;
  bytes.insert(bytes.begin() + 2, segment.begin(), segment.end());
  return bytes;
}

TEST(Decode, LosslessFormatsGiveTheirPixels) {
  const cv::Mat rgb = picture(23, 31);
  for (const char* extension : {".png", ".bmp", ".tiff", ".ppm"}) {
    const DecodedImage image = decode_image(encode(extension, rgb));
    EXPECT_TRUE(same(image.rgb, rgb)) << extension;
    EXPECT_EQ(image.exif_orientation, 1);
  }
  EXPECT_TRUE(same(decode_image(encode(".webp", rgb, {cv::IMWRITE_WEBP_QUALITY, 101})).rgb, rgb));
}

// As Pillow's (but for gray beyond 255, which that clips), which rounds halves to the even one; OpenCV takes
// them as they are, or halves of them.
TEST(Decode, PnmOfAnotherWhiteIsScaled) {
  const auto gray = [](const Bytes& bytes) {
    const cv::Mat rgb = decode_image(bytes).rgb;
    std::vector<int> values;
    for (int x = 0; x < rgb.cols; ++x) {
      const auto pixel = rgb.at<cv::Vec3b>(0, x);
      EXPECT_TRUE(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
      values.push_back(pixel[0]);
    }
    return values;
  };
  using Values = std::vector<int>;
  EXPECT_EQ(gray(text("P2 4 1 15\n0 1 14 15\n")), (Values{0, 17, 238, 255}));
  EXPECT_EQ(gray(text(std::string_view("P5 4 1 15\n\0\1\16\17", 14))), (Values{0, 17, 238, 255}));
  EXPECT_EQ(gray(text(std::string_view("P5 3 1 100\n\1\2\377", 14))), (Values{3, 5, 255}));
  EXPECT_EQ(gray(text(std::string_view("P5 3 1 510\n\0\1\0\3\1\376", 17))), (Values{0, 2, 255}));
  EXPECT_EQ(gray(text(std::string_view("P5 3 1 65535\n\0\377\200\0\377\377", 19))), (Values{1, 128, 255}));
  const cv::Mat rgb = decode_image(text("P3 1 1 1023 1023 512 4")).rgb;
  EXPECT_EQ(rgb.at<cv::Vec3b>(0, 0), cv::Vec3b(255, 128, 1));
  EXPECT_EQ(outcome(text("P5 3 1 510\nabc"), {}), "truncated");
}

TEST(Decode, GrayAndAlphaBecomeRgb) {
  const cv::Mat rgb = picture(9, 14);
  cv::Mat gray, bgra, back;
  cv::cvtColor(rgb, gray, cv::COLOR_RGB2GRAY);
  cv::cvtColor(gray, back, cv::COLOR_GRAY2RGB);
  cv::cvtColor(rgb, bgra, cv::COLOR_RGB2BGRA);
  for (int y = 0; y < bgra.rows; ++y)
    for (int x = 0; x < bgra.cols; ++x) bgra.at<cv::Vec4b>(y, x)[3] = static_cast<uint8_t>(x * 7);
  Bytes bytes;
  ASSERT_TRUE(cv::imencode(".png", gray, bytes));
  EXPECT_TRUE(same(decode_image(bytes).rgb, back));
  for (const char* extension : {".png", ".tiff"}) {  // alpha is dropped, not multiplied in
    ASSERT_TRUE(cv::imencode(extension, bgra, bytes));
    EXPECT_TRUE(same(decode_image(bytes).rgb, rgb)) << extension;
  }
}

// Which stored pixel each value of the orientation puts into the upper left and upper right corner.
TEST(Decode, TurnsAllEightOrientations) {
  struct Corner {
    int orientation;
    bool swapped;  // sides change places
    cv::Point upper_left, upper_right;
  };
  const int w = 15, h = 7;  // in blocks of 8, so that JPEG keeps them apart
  const Corner corners[] = {{1, false, {0, 0}, {w, 0}}, {2, false, {w, 0}, {0, 0}},
                            {3, false, {w, h}, {0, h}}, {4, false, {0, h}, {w, h}},
                            {5, true, {0, 0}, {0, h}},  {6, true, {0, h}, {0, 0}},
                            {7, true, {w, h}, {w, 0}},  {8, true, {w, 0}, {w, h}}};
  const cv::Mat rgb = picture((h + 1) * 8, (w + 1) * 8);
  const cv::Mat stored = decode_image(encode(".jpg", rgb)).rgb;
  for (const Corner& c : corners) {
    const Bytes bytes = jpeg_with_exif(rgb, c.orientation);
    const DecodedImage turned = decode_image(bytes);
    EXPECT_EQ(turned.exif_orientation, c.orientation);
    EXPECT_EQ(turned.rgb.size(), c.swapped ? cv::Size(stored.rows, stored.cols) : stored.size());
    const auto at = [&](cv::Point p) {
      return stored.at<cv::Vec3b>(p.y == 0 ? 0 : stored.rows - 1, p.x == 0 ? 0 : stored.cols - 1);
    };
    EXPECT_EQ(turned.rgb.at<cv::Vec3b>(0, 0), at(c.upper_left)) << c.orientation;
    EXPECT_EQ(turned.rgb.at<cv::Vec3b>(0, turned.rgb.cols - 1), at(c.upper_right)) << c.orientation;
    EXPECT_TRUE(same(decode_image(bytes, {.apply_exif = false}).rgb, stored)) << c.orientation;
  }
}

TEST(Decode, AnOrientationOutOfRangeIsNone) {
  EXPECT_EQ(decode_image(jpeg_with_exif(picture(8, 16), 9)).exif_orientation, 1);
}

TEST(Decode, NoPrefixOfAFileIsAPicture) {
  const cv::Mat rgb = picture(40, 56);
  const std::pair<const char*, std::vector<int>> kinds[] = {{".jpg", {}},
                                                            {".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, 1}},
                                                            {".jpg", {cv::IMWRITE_JPEG_RST_INTERVAL, 2}},
                                                            {".png", {}},
                                                            {".webp", {}},
                                                            {".bmp", {}},
                                                            {".tiff", {}},
                                                            {".ppm", {}}};
  for (const auto& [extension, options] : kinds) {
    const Bytes whole = encode(extension, rgb, options);
    EXPECT_EQ(outcome(whole), "picture") << extension;
    const size_t step = std::max<size_t>(whole.size() / 97, 1);
    for (size_t size = 0; size < whole.size(); size += step)
      EXPECT_NE(outcome(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), "picture")
          << extension << " cut to " << size << " of " << whole.size();
    EXPECT_NE(outcome(Bytes(whole.begin(), whole.end() - 1)), "picture")
        << extension << " without its last byte";
  }
}

TEST(Decode, AJpegWhoseDataEndEarlyFailsThoughItsEndMarkerStands) {
  for (int restart : {0, 3}) {
    const Bytes whole = encode(".jpg", picture(80, 96), {cv::IMWRITE_JPEG_RST_INTERVAL, restart});
    for (size_t cut : {whole.size() / 2, whole.size() * 3 / 4, whole.size() - 600}) {
      Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
      if (bytes.back() == 0xFF) bytes.back() = 0;
      bytes.insert(bytes.end(), {0xFF, 0xD9});
      EXPECT_EQ(outcome(bytes), "truncated") << cut << " of " << whole.size();
    }
  }
  for (int side : {1, 8, 17, 40})  // gray to the corner, and complete
    EXPECT_EQ(outcome(encode(".jpg", cv::Mat(side, side + 3, CV_8UC3, cv::Scalar::all(128)))), "picture");
}

TEST(Decode, BytesBehindTheEndDoNoHarm) {
  for (const char* extension : {".jpg", ".png"}) {
    Bytes bytes = encode(extension, picture(20, 20));
    for (int i = 0; i < 50; ++i) bytes.push_back(static_cast<uint8_t>(0xFF - i % 3));
    EXPECT_EQ(outcome(bytes), "picture") << extension;
  }
}

TEST(Decode, DamagedPngFails) {
  Bytes bytes = encode(".png", picture(40, 40));
  bytes[bytes.size() / 2] ^= 0x55;
  EXPECT_EQ(outcome(bytes), "decode_failed");
}

TEST(Decode, TooLargeIsKnownFromTheHeader) {
  Bytes png = encode(".png", picture(4, 4));
  for (int i : {16, 20}) png[i] = 0, png[i + 1] = 1, png[i + 2] = 0x86, png[i + 3] = 0xA0;  // 100,000
  EXPECT_EQ(outcome(png), "too_large");
  const Bytes jpeg = encode(".jpg", picture(30, 20));
  EXPECT_EQ(outcome(jpeg, {.max_pixels = 599}), "too_large");
  EXPECT_EQ(outcome(jpeg, {.max_side = 29}), "too_large");
  EXPECT_EQ(outcome(jpeg, {.max_bytes = 100}), "too_large");
  EXPECT_EQ(outcome(jpeg, {.max_pixels = 600, .max_side = 30}), "picture");
}

TEST(Decode, NamesWhatItRefuses) {
  const std::pair<Bytes, const char*> cases[] = {
      {{}, "empty"},
      {text("not a picture, whatever its name"), "unsupported_format"},
      {text("GIF89a and so on, a file of some length"), "unsupported_format"},
      {text("P7\nWIDTH 2\nHEIGHT 2\n"), "unsupported_format"},
      {text("P6 0 5 255 "), "decode_failed"},
      {text("P6 2 2 255 abc"), "truncated"},
      {text("P3 1 1 255 1 2"), "truncated"},
      {text("\xFF\xD8\xFF\xD9"), "decode_failed"},
  };
  for (const auto& [bytes, code] : cases) EXPECT_EQ(outcome(bytes, {.name = "x.jpg"}), code);
  try {
    decode_image(text("GIF89a and so on"), {.name = "cat.jpg"});
    FAIL();
  } catch (const ImageError& error) {
    EXPECT_NE(std::string(error.what()).find("GIF"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("convert"), std::string::npos);
  }
}

TEST(Decode, ReadsFiles) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const auto code = [](const std::filesystem::path& path) -> std::string {
    try {
      read_image(path);
      return "picture";
    } catch (const ImageError& error) {
      EXPECT_EQ(std::string(error.what()).rfind(path.string(), 0), 0u);
      return error.code;
    }
  };
  const Bytes bytes = encode(".png", picture(6, 5));
  const auto path = folder / "fovea_decode_test.png";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  EXPECT_EQ(code(path), "picture");
  EXPECT_EQ(code(folder / "fovea_no_such_file.png"), "not_found");
  EXPECT_EQ(code(folder), "unreadable");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fovea
