#include "vision/video.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "vision/image_file.h"
#include "vision/video_file.h"

namespace fovea {
namespace {

constexpr double kUsualRate = 25, kHighestRate = 1000;
// Some editors leave frames out of what they announce; more than one in twenty is damage.
constexpr int64_t kFramesForOneMissing = 20;

// FFmpeg would take "concat:" and the like for more than a name.
std::string plain_file(const std::filesystem::path& path) {
  return "file:" + path.string();
}

}  // namespace

bool is_video(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kExtensions = {".mp4", ".m4v",  ".mov", ".avi",
                                                                  ".mkv", ".webm", ".gif"};
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');  // in ASCII, whatever the locale
  return std::ranges::any_of(kExtensions, [&](std::string_view e) { return lower.ends_with(e); });
}

struct VideoReader::State {
  DecodeOptions options;
  VideoFile file;
  int64_t every;
  cv::VideoCapture capture = {};
  int64_t announced = 0, read = 0;
  double rate = kUsualRate, last = -1;

  [[noreturn]] void reject(const char* code, const std::string& reason) const {
    ImageFile({}, options).reject(code, reason);
  }
  void open(const std::filesystem::path& path);
  bool grab();
  double seconds();
  void check_end() const;
};

void VideoReader::State::open(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found)
    reject("not_found", "there is no such file; check the path");
  if (!std::filesystem::is_regular_file(status)) reject("unreadable", "this is no file; name a video");
  if (!std::ifstream(path)) reject("unreadable", "the file cannot be opened; check its permissions");
  file = look_at_video(path);
  if (file.container == VideoContainer::kNone)
    reject("unsupported_format", "this is no video that can be read; give MP4, MOV, AVI, MKV, WebM or GIF");
  if (!capture.open(plain_file(path), cv::CAP_FFMPEG)) {
    if (!file.complete)
      reject("truncated", "the video ends early, before its first frame; get a complete copy");
    reject("decode_failed", "the video is damaged or of an unusual kind; convert it to H.264 in MP4");
  }
  ImageFile({}, options)
      .check_size(static_cast<int64_t>(capture.get(cv::CAP_PROP_FRAME_WIDTH)),
                  static_cast<int64_t>(capture.get(cv::CAP_PROP_FRAME_HEIGHT)));
  const double stored_rate = capture.get(cv::CAP_PROP_FPS);
  if (stored_rate > 0 && stored_rate <= kHighestRate) rate = stored_rate;
  // The others only guess, from a length that sound may have too.
  const bool counted = file.container == VideoContainer::kMp4 || file.container == VideoContainer::kAvi;
  if (counted) announced = static_cast<int64_t>(std::max(0.0, capture.get(cv::CAP_PROP_FRAME_COUNT)));
}

bool VideoReader::State::grab() {
  try {
    if (!capture.grab()) return false;
  } catch (const std::exception&) {
    return false;
  }
  ++read;
  return true;
}

// Of the frame that was grabbed. Decoders leave it out of the last frames.
double VideoReader::State::seconds() {
  const double stored = std::round(capture.get(cv::CAP_PROP_POS_MSEC) * 1000) / 1e6;
  if (stored > last) return last = stored;
  return last = read == 1 ? 0 : std::round((last + 1 / rate) * 1e6) / 1e6;
}

void VideoReader::State::check_end() const {
  const std::string after = read == 0   ? "before its first frame"
                            : read == 1 ? "after one frame"
                                        : "after " + std::to_string(read) + " frames";
  if (!file.complete) reject("truncated", "the video ends early, " + after + "; get a complete copy");
  if (read == 0) reject("empty", "the video holds no frame; give another one");
  if ((announced - read) * kFramesForOneMissing > announced)
    reject("decode_failed", "the video is damaged: it announces " + std::to_string(announced) +
                                " frames, and reading ended " + after + "; get a good copy");
}

VideoReader::VideoReader(const std::filesystem::path& path, int64_t every, const DecodeOptions& limits)
    : state_(new State{limits, {}, every}) {
  state_->options.name = path.string();
  state_->open(path);
}

VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;
VideoReader::~VideoReader() = default;

cv::Size VideoReader::size() const {
  return {static_cast<int>(state_->capture.get(cv::CAP_PROP_FRAME_WIDTH)),
          static_cast<int>(state_->capture.get(cv::CAP_PROP_FRAME_HEIGHT))};
}

std::optional<VideoFrame> VideoReader::next() {
  State& s = *state_;
  while (s.grab()) {
    VideoFrame frame{s.read - 1, s.seconds(), s.rate, {}};
    if (frame.number % s.every != 0) continue;
    cv::Mat bgr;
    try {
      s.capture.retrieve(bgr);
      if (bgr.type() == CV_8UC3) cv::cvtColor(bgr, frame.rgb, cv::COLOR_BGR2RGB);
    } catch (const std::exception&) {
      frame.rgb.release();
    }
    if (frame.rgb.empty())
      s.reject("decode_failed",
               "frame " + std::to_string(frame.number) + " of the video is damaged; get a good copy");
    return frame;
  }
  s.check_end();
  return std::nullopt;
}

}  // namespace fovea
