#include "apps/attend_video.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <opencv2/imgproc.hpp>

#include "apps/output_folder.h"
#include "vision/video.h"

namespace fovea {
namespace {

// Of the first map of every frame.
ValueRange range_of_all(const std::vector<std::shared_ptr<const Attended>>& frames) {
  ValueRange range{0, 0, "one scale: the least and greatest value of all frames"};
  bool first = true;
  for (const auto& attended : frames) {
    if (attended->maps.empty()) continue;
    const ValueRange& own = attended->maps[0].range;
    range.low = first ? own.low : std::min(range.low, own.low);
    range.high = first ? own.high : std::max(range.high, own.high);
    first = false;
  }
  return range;
}

cv::Mat with_map(const cv::Mat& bgr, const Attended& all, const ValueRange& range, OverlayStyle style) {
  if (!all.maps.empty()) return drawn_map(bgr, all.maps[0], all, range, style);
  style.title = "nothing found";
  return overlay(bgr, cv::Mat(bgr.size(), CV_32F, cv::Scalar(std::nanf(""))), range, style);
}

// A legend may be longer in one frame than in another.
cv::Mat fitted(const cv::Mat& frame, cv::Size size) {
  cv::Mat large;
  cv::copyMakeBorder(frame, large, 0, std::max(0, size.height - frame.rows), 0,
                     std::max(0, size.width - frame.cols), cv::BORDER_CONSTANT, cv::Scalar::all(255));
  return large(cv::Rect({}, size)).clone();
}

// Most encoders take even sizes only.
cv::Mat even(const cv::Mat& bgr) {
  cv::Mat padded;
  cv::copyMakeBorder(bgr, padded, 0, bgr.rows % 2, 0, bgr.cols % 2, cv::BORDER_REPLICATE);
  return padded;
}

}  // namespace

void AttendVideos::add(Result& result) {
  const Input& input = result.input;
  if (clip_ && clip_->index != input.index) end_video();
  if (!clip_) clip_.emplace(Clip{input.index, input.source, input.picture_to, input.frame->rate, {}});
  for (AttendedMap& made : result.attended->maps) made.file = input.picture_to;
  clip_->frames.push_back({input.frame->number, result.attended});
}

void AttendVideos::write(const Clip& clip, const std::string& path) const {
  std::vector<std::shared_ptr<const Attended>> maps;
  for (const Shown& shown : clip.frames) maps.push_back(shown.attended);
  const ValueRange range = range_of_all(maps);
  VideoReader reader(clip.source, every_);
  std::optional<VideoWriter> writer;
  cv::Size size;
  for (const Shown& shown : clip.frames) {
    std::optional<VideoFrame> frame = reader.next();
    while (frame && frame->number < shown.frame) frame = reader.next();
    if (!frame) break;
    cv::Mat bgr;
    cv::cvtColor(frame->rgb, bgr, cv::COLOR_RGB2BGR);
    const cv::Mat drawn = even(with_map(bgr, *shown.attended, range, style_));
    if (!writer) {
      size = drawn.size();
      writer.emplace(path, size, clip.rate / static_cast<double>(every_));
    }
    writer->write(fitted(drawn, size));
  }
  if (writer) writer->finish();
}

void AttendVideos::end_video() {
  const Clip clip = std::move(*clip_);
  clip_.reset();
  const std::string temporary = unfinished(clip.path);
  try {
    write(clip, temporary);
    put_in_place(temporary, clip.path);
  } catch (const std::exception& error) {
    unfinished_.push_back({clip.index, clip.source + ": " + error.what()});
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
  }
}

std::vector<Unfinished> AttendVideos::finish() {
  if (clip_) end_video();
  return std::move(unfinished_);
}

}  // namespace fovea
