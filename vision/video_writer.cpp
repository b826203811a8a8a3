#include <algorithm>
#include <cmath>
#include <fstream>
#include <opencv2/videoio.hpp>

#include "vision/video.h"
#include "vision/video_file.h"

namespace fovea {
namespace {

constexpr double kLeastRate = 0.01;  // slower ones the encoders refuse

// FFmpeg's writer would cut off a row or a column. OpenCV's own keeps them, though gray, but knows whole
// rates only.
bool is_odd(cv::Size size) {
  return size.width % 2 != 0 || size.height % 2 != 0;
}

// https://learn.microsoft.com/windows/win32/directshow/avi-riff-file-reference: the headers of the file and
// of its one stream.
void set_avi_rate(const std::filesystem::path& path, double rate) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  std::string head(4096, '\0');
  file.read(head.data(), std::ssize(head));
  file.clear();
  const auto put = [&](size_t at, double value) {
    const auto number = static_cast<uint32_t>(std::lround(value));
    file.seekp(static_cast<std::streamoff>(at));
    for (int shift = 0; shift < 32; shift += 8) file.put(static_cast<char>(number >> shift & 0xFF));
  };
  constexpr double kScale = 1000;
  const size_t whole = head.find("avih"), stream = head.find("strh");
  if (whole == std::string::npos || stream == std::string::npos) return;
  put(whole + 8, 1e6 / rate);  // microseconds a frame
  put(stream + 28, kScale);
  put(stream + 32, kScale * rate);
}

}  // namespace

struct VideoWriter::State {
  std::filesystem::path path;
  cv::Size size;
  double rate;
  cv::VideoWriter writer = {};

  [[noreturn]] void failed() const {
    fail(path.string(), ": cannot write this video of ", size.width, " x ", size.height,
         "; check the folder, its permissions and its free space");
  }
};

VideoWriter::VideoWriter(const std::filesystem::path& path, cv::Size size, double rate)
    : state_(new State{path, size, std::max(rate, kLeastRate)}) {
  rate = state_->rate;
  const bool avi = path.extension() == ".avi", odd = is_odd(size);
  if (odd && !avi) fail(path.string(), ": a video of an odd width or height can be written as .avi only");
  const int codec =
      avi ? cv::VideoWriter::fourcc('M', 'J', 'P', 'G') : cv::VideoWriter::fourcc('m', 'p', '4', 'v');
  bool opened = false;
  try {
    cv::VideoWriter& writer = state_->writer;
    opened = odd ? writer.open(path.string(), cv::CAP_OPENCV_MJPEG, codec, std::max(1.0, rate), size)
                 : writer.open(path.string(), cv::CAP_FFMPEG, codec, rate, size);
  } catch (const std::exception&) {
    opened = false;
  }
  if (!opened) state_->failed();
}

VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;
VideoWriter::~VideoWriter() = default;

void VideoWriter::write(const cv::Mat& bgr) {
  if (bgr.size() != state_->size)
    fail(state_->path.string(), ": a frame of ", bgr.cols, " x ", bgr.rows, " in a video of ",
         state_->size.width, " x ", state_->size.height);
  state_->writer.write(bgr);
}

void VideoWriter::finish() {
  state_->writer.release();
  if (is_odd(state_->size)) set_avi_rate(state_->path, state_->rate);
  const VideoFile written = look_at_video(state_->path);
  if (written.container == VideoContainer::kNone || !written.complete) state_->failed();
}

}  // namespace fovea
