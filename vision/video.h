#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "vision/decode.h"

namespace fovea {

struct VideoFrame {
  int64_t number = 0;  // from 0, also counting those that were passed over
  double seconds = 0;  // when it is shown
  double rate = 0;     // frames of the video a second
  cv::Mat rgb;         // 8UC3, red first
};

// Whether a name ends as a video's does: .mp4, .m4v, .mov, .avi, .mkv, .webm or .gif.
bool is_video(std::string_view name);

// The frames of a video file, one after the other. What is no MP4, MOV, AVI, Matroska, WebM or GIF is refused
// before a decoder sees it. Throws ImageError: where it is opened if nothing can be read, else after the last
// frame that can be; "truncated" also if the file ends before its own end.
class VideoReader {
 public:
  // Of every `every` frames the first. Of `limits` the sizes count, and not the bytes.
  explicit VideoReader(const std::filesystem::path& path, int64_t every = 1,
                       const DecodeOptions& limits = {});
  VideoReader(VideoReader&&) noexcept;
  VideoReader& operator=(VideoReader&&) noexcept;
  ~VideoReader();

  cv::Size size() const;
  std::optional<VideoFrame> next();  // nothing: that was all

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Frames into a new video: MPEG-4, or Motion JPEG if the name ends in .avi, as it must for an odd width or
// height.
class VideoWriter {
 public:
  VideoWriter(const std::filesystem::path& path, cv::Size size, double rate);
  VideoWriter(VideoWriter&&) noexcept;
  VideoWriter& operator=(VideoWriter&&) noexcept;
  ~VideoWriter();

  void write(const cv::Mat& bgr);  // 8UC3, blue first
  void finish();                   // fails if the file did not become whole

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fovea
