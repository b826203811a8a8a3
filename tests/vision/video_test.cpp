#include "vision/video.h"

#include "tests/support/temp_folder.h"
#include "tests/vision/picture_data.h"
#include "vision/video_file.h"

namespace fovea {
namespace {

// A frame of one shade, 8UC3, with a bright corner.
cv::Mat frame_of(cv::Size size, int i) {
  cv::Mat bgr(size, CV_8UC3, cv::Scalar(40 + 10 * i, 120, 200));
  bgr(cv::Rect(0, 0, size.width / 2, size.height / 2)).setTo(cv::Scalar(250, 250, 250));
  return bgr;
}

std::filesystem::path write_video(const std::filesystem::path& path, int frames, double rate,
                                  cv::Size size = {96, 64}) {
  VideoWriter writer(path, size, rate);
  for (int i = 0; i < frames; ++i) writer.write(frame_of(size, i));
  writer.finish();
  return path;
}

std::vector<uint8_t> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Reading {
  std::vector<VideoFrame> frames;
  std::string code, message;
};

Reading read_all(const std::filesystem::path& path, int64_t every = 1, const DecodeOptions& limits = {}) {
  Reading reading;
  try {
    VideoReader video(path, every, limits);
    while (const std::optional<VideoFrame> frame = video.next()) reading.frames.push_back(*frame);
  } catch (const ImageError& error) {
    reading.code = error.code;
    reading.message = error.what();
  }
  return reading;
}

// Four frames of 8 x 8, each a tenth of a second: columns of red and blue that change places.
std::vector<uint8_t> small_gif() {
  std::string gif("GIF89a\x08\x00\x08\x00\x80\x00\x00\xff\x00\x00\x00\x00\xff", 19);
  for (int frame = 0; frame < 4; ++frame) {
    gif += std::string("\x21\xf9\x04\x04\x0a\x00\x00\x00\x2c\0\0\0\0\x08\0\x08\0\0\x02", 19);
    std::vector<int> codes;
    for (int i = 0; i < 64; ++i) {
      if (i % 2 == 0) codes.push_back(4);  // forget the table: codes stay three bits wide
      codes.push_back((i + frame) % 2);
    }
    codes.push_back(5);
    std::string data((3 * codes.size() + 7) / 8, '\0');
    for (size_t bit = 0; bit < 3 * codes.size(); ++bit)
      if (codes[bit / 3] >> (bit % 3) & 1) data[bit / 8] = static_cast<char>(data[bit / 8] | 1 << (bit % 8));
    gif += static_cast<char>(data.size());
    gif += data + std::string(1, '\0');
  }
  gif += ';';
  return {gif.begin(), gif.end()};
}

TEST(Video, IsKnownByItsName) {
  for (const char* name : {"a.mp4", "b.MOV", "c.avi", "d.mkv", "e.webm", "f.GIF", "a/b.m4v"})
    EXPECT_TRUE(is_video(name)) << name;
  for (const char* name : {"a.jpg", "mp4", "a.mp4.png", "", "a.gifs"}) EXPECT_FALSE(is_video(name)) << name;
}

TEST(Video, FramesComeBackInTimeAndColour) {
  const TempFolder folder;
  const struct {
    const char* name;
    double rate;
    cv::Size size;
  } cases[] = {{"a.mp4", 12.5, {96, 64}},
               {"b.avi", 29.97, {96, 64}},
               {"c.avi", 12.5, {97, 65}},
               {"d.avi", 0.4, {15, 9}}};
  for (const auto& c : cases) {
    const std::filesystem::path path = write_video(folder.path() / c.name, 10, c.rate, c.size);
    EXPECT_EQ(VideoReader(path).size(), c.size) << c.name;
    const Reading reading = read_all(path);
    EXPECT_EQ(reading.message, "");
    ASSERT_EQ(reading.frames.size(), 10u) << c.name;
    for (int i = 0; i < 10; ++i) {
      const VideoFrame& frame = reading.frames[static_cast<size_t>(i)];
      EXPECT_EQ(frame.number, i);
      EXPECT_NEAR(frame.seconds, i / c.rate, 1e-3) << c.name;
      EXPECT_NEAR(frame.rate, c.rate, 1e-2);
      ASSERT_EQ(frame.rgb.size(), c.size);
      const cv::Vec3b pixel = frame.rgb.at<cv::Vec3b>(c.size.height - 4, c.size.width - 4);
      EXPECT_NEAR(pixel[0], 200, 12) << c.name;  // red first
      EXPECT_NEAR(pixel[1], 120, 12);
      EXPECT_NEAR(pixel[2], 40 + 10 * i, 12);
    }
  }
}

TEST(Video, OfEveryFewFramesTheFirst) {
  const TempFolder folder;
  const Reading reading = read_all(write_video(folder.path() / "a.mp4", 10, 10), 4);
  ASSERT_EQ(reading.frames.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(reading.frames[i].number, static_cast<int64_t>(4 * i));
    EXPECT_NEAR(reading.frames[i].seconds, 0.4 * static_cast<double>(i), 1e-6);
    EXPECT_NEAR(reading.frames[i].rgb.at<cv::Vec3b>(60, 90)[2], 40 + 40 * static_cast<int>(i), 12);
  }
  EXPECT_EQ(read_all(folder.path() / "a.mp4", 100).frames.size(), 1u);
}

TEST(Video, Gif) {
  const TempFolder folder;
  write_bytes(folder.path() / "a.gif", small_gif());
  const Reading reading = read_all(folder.path() / "a.gif");
  EXPECT_EQ(reading.message, "");
  ASSERT_EQ(reading.frames.size(), 4u);
  EXPECT_NEAR(reading.frames[3].seconds, 0.3, 1e-6);
  EXPECT_EQ(reading.frames[0].rgb.at<cv::Vec3b>(0, 0), cv::Vec3b(255, 0, 0));
  EXPECT_EQ(reading.frames[1].rgb.at<cv::Vec3b>(0, 0), cv::Vec3b(0, 0, 255));
}

TEST(Video, ThatEndsEarlySaysSoAfterWhatCouldBeRead) {
  const TempFolder folder;
  const std::vector<uint8_t> avi = bytes_of(write_video(folder.path() / "a.avi", 30, 25)), gif = small_gif();
  write_bytes(folder.path() / "cut.avi", {avi.begin(), avi.begin() + std::ssize(avi) / 2});
  write_bytes(folder.path() / "cut.gif", {gif.begin(), gif.end() - 30});
  const Reading half = read_all(folder.path() / "cut.avi"), short_gif = read_all(folder.path() / "cut.gif");
  EXPECT_GE(half.frames.size(), 3u);
  EXPECT_LT(half.frames.size(), 20u);
  EXPECT_EQ(half.code, "truncated");
  EXPECT_NE(half.message.find("cut.avi: the video ends early, after " + std::to_string(half.frames.size()) +
                              " frames"),
            std::string::npos)
      << half.message;
  EXPECT_EQ(short_gif.code, "truncated");
  EXPECT_GE(short_gif.frames.size(), 2u);
}

TEST(Video, ThatIsDamagedSaysSoAfterWhatCouldBeRead) {
  const TempFolder folder;
  std::vector<uint8_t> avi = bytes_of(write_video(folder.path() / "a.avi", 30, 25));
  const auto third = std::ssize(avi) / 3;
  std::fill(avi.begin() + third, avi.begin() + third + std::ssize(avi) / 4, 'x');
  write_bytes(folder.path() / "bad.avi", avi);
  const Reading reading = read_all(folder.path() / "bad.avi");
  EXPECT_EQ(reading.code, "decode_failed") << reading.message;
  EXPECT_GT(reading.frames.size(), 5u);
  EXPECT_LT(reading.frames.size(), 29u);
}

TEST(Video, WhatIsNoneIsRefusedInOneLine) {
  const TempFolder folder;
  const auto file = [&](const char* name, const std::string& text) {
    write_bytes(folder.path() / name, {text.begin(), text.end()});
    return folder.path() / name;
  };
  const std::vector<uint8_t> mp4 = bytes_of(write_video(folder.path() / "a.mp4", 9, 25));
  write_bytes(folder.path() / "no_index.mp4", {mp4.begin(), mp4.begin() + std::ssize(mp4) / 2});
  const std::vector<uint8_t> picture = png(1);
  write_bytes(folder.path() / "picture.mp4", picture);
  const struct {
    std::filesystem::path path;
    const char* code;
  } cases[] = {
      {folder.path() / "none.mp4", "not_found"},
      {folder.path(), "unreadable"},
      {file("empty.mp4", ""), "unsupported_format"},
      {file("text.avi", "hello, this is no video at all, but longer than any signature"),
       "unsupported_format"},
      {file("list.mp4", "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"), "unsupported_format"},
      {folder.path() / "picture.mp4", "unsupported_format"},
      {folder.path() / "no_index.mp4", "truncated"},
      {file("box.mp4", std::string("\0\0\0\x10"
                                   "ftypisom\0\0\0\0",
                                   16)),
       "truncated"},
      {file("riff.avi", std::string("RIFF\x04\0\0\0AVI ", 12)), "decode_failed"},
      {file("ebml.mkv", std::string("\x1A\x45\xDF\xA3\x80", 5)), "decode_failed"},
      {file("head.gif", "GIF89a"), "truncated"},
      {"concat:" + (folder.path() / "a.mp4").string(), "not_found"},
  };
  for (const auto& c : cases) {
    const Reading reading = read_all(c.path);
    EXPECT_EQ(reading.code, c.code) << reading.message;
    EXPECT_NE(reading.message.find(c.path.string()), std::string::npos) << reading.message;
    EXPECT_NE(reading.message.find("; "), std::string::npos) << reading.message;
    EXPECT_EQ(reading.message.find('\n'), std::string::npos) << reading.message;
    EXPECT_TRUE(reading.frames.empty());
  }
}

TEST(Video, WithoutAFrame) {
  const TempFolder folder;
  const Reading reading = read_all(write_video(folder.path() / "a.avi", 0, 25));
  EXPECT_EQ(reading.code, "empty") << reading.message;
}

TEST(Video, LargerThanTheLimit) {
  const TempFolder folder;
  const std::filesystem::path path = write_video(folder.path() / "a.mp4", 2, 25);
  EXPECT_EQ(read_all(path, 1, {.max_pixels = 96 * 64}).frames.size(), 2u);
  EXPECT_EQ(read_all(path, 1, {.max_pixels = 96 * 64 - 1}).code, "too_large");
  EXPECT_EQ(read_all(path, 1, {.max_side = 95}).code, "too_large");
}

TEST(Video, StructureIsSeenWithoutADecoder) {
  const TempFolder folder;
  const auto look = [&](const std::string& bytes) {
    write_bytes(folder.path() / "f", {bytes.begin(), bytes.end()});
    return look_at_video(folder.path() / "f");
  };
  const std::string box("\0\0\0\x08moov", 8), media("\0\0\0\x0cmdatabcd", 12);
  EXPECT_TRUE(look(box + media).complete);
  EXPECT_FALSE(look(media).complete);  // no index
  EXPECT_FALSE(look(box + media.substr(0, 11)).complete);
  EXPECT_TRUE(look(box + std::string("\0\0\0\1mdat\0\0\0\0\0\0\0\x12zz", 18)).complete);  // 64-bit size
  EXPECT_FALSE(look(box + std::string("\0\0\0\1mdat\xff\0\0\0\0\0\0\x12zz", 18)).complete);
  EXPECT_TRUE(look(box + std::string("\0\0\0\0mdatab", 10)).complete);  // to the end of the file
  EXPECT_FALSE(look(box + std::string("\0\0\0\4mdat", 8)).complete);    // smaller than itself
  const std::string head("\x1A\x45\xDF\xA3\x81z", 6), segment("\x18\x53\x80\x67", 4);
  EXPECT_TRUE(look(head + segment + "\x83xyz").complete);
  EXPECT_FALSE(look(head + segment + "\x84xyz").complete);
  EXPECT_TRUE(look(head + segment + "\xffxyz").complete);  // of unknown size
  EXPECT_TRUE(look(head + segment + std::string("\x40\x03xyz", 5)).complete);
  EXPECT_FALSE(look(head + std::string(3, '\0')).complete);
  EXPECT_FALSE(look(std::string("RIFF\0\0\0\0AVI ", 12)).complete);  // never finished
  EXPECT_EQ(look("").container, VideoContainer::kNone);
}

TEST(Video, AWriterThatCannotWriteSaysSo) {
  const TempFolder folder;
  EXPECT_NE(complaint([&] {
              VideoWriter(folder.path() / "none" / "a.mp4", {96, 64}, 25);
            }).find("cannot write"),
            std::string::npos);
  EXPECT_NE(complaint([&] {
              VideoWriter(folder.path() / "a.mp4", {97, 64}, 25);
            }).find(".avi"),
            std::string::npos);
  VideoWriter writer(folder.path() / "a.mp4", {96, 64}, 25);
  EXPECT_NE(complaint([&] { writer.write(cv::Mat(10, 10, CV_8UC3)); }).find("10 x 10"), std::string::npos);
}

}  // namespace
}  // namespace fovea
