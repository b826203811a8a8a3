#include "apps/drawn_pictures.h"

#include <fmt/format.h>

#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "apps/output_folder.h"
#include "attention/base/atomic_file.h"
#include "vision/draw_detections.h"
#include "vision/drawable_text.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string encoded(const std::string& extension, const cv::Mat& bgr) {
  std::vector<uchar> bytes;
  if (!cv::imencode(extension, bgr, bytes))
    fail("a picture of ", bgr.cols, " x ", bgr.rows, " cannot be written as ", extension);
  return {bytes.begin(), bytes.end()};
}

std::string drawn_extension(const std::string& source, std::optional<cv::Size> video) {
  const std::string extension = extension_of(source);
  if (video) return extension == ".avi" || video->width % 2 || video->height % 2 ? ".avi" : ".mp4";
  return extension == ".jpg" || extension == ".jpeg" ? extension : ".png";
}

struct DrawnPictures::Video {
  std::string source, path, temporary;
  int64_t index;
  VideoWriter writer;
  ~Video() {
    std::error_code ignored;
    fs::remove(temporary, ignored);
  }
};

DrawnPictures::DrawnPictures(DetectionWords words, int64_t every) : words_(std::move(words)), every_(every) {
  words_.whole_pixels = false;
}

DrawnPictures::~DrawnPictures() = default;

void DrawnPictures::write(Result& result) {
  if (video_ && video_->index != result.input.index) end_video();
  if (result.input.failure || result.rgb.empty()) return;
  try {
    draw(result);
    result.input.frame
        ? add_frame(result)
        : write_file(result.input.picture_to, encoded(extension_of(result.input.picture_to), result.rgb));
  } catch (const Error& error) {
    result.input.failure = Failure{"save_failed", result.input.source + ": " + error.what()};
  }
  result.rgb.release();
}

// The pixels are OpenCV's from here on: blue first.
void DrawnPictures::draw(Result& result) const {
  std::vector<CaptionedBox> boxes;
  for (const Detection& object : result.objects) {
    const std::string name =
        drawable_name(words_.label(object.class_id), fmt::format("class {}", object.class_id));
    boxes.push_back(
        {words_.box(object, result), fmt::format("{} {:.2f}", name, object.score), object.class_id});
  }
  cv::Mat bgr;
  cv::cvtColor(result.rgb, bgr, cv::COLOR_RGB2BGR);
  draw_detections(bgr, boxes);
  result.rgb = bgr;
}

void DrawnPictures::add_frame(Result& result) {
  const Input& input = result.input;
  if (!video_) {
    const std::string temporary = unfinished(input.picture_to);
    video_.reset(new Video{
        input.source, input.picture_to, temporary, input.index,
        VideoWriter(temporary, result.rgb.size(), input.frame->rate / static_cast<double>(every_))});
  }
  video_->writer.write(result.rgb);
}

void DrawnPictures::end_video() {
  const std::unique_ptr<Video> video = std::move(video_);
  try {
    video->writer.finish();
    put_in_place(video->temporary, video->path);
  } catch (const std::exception& error) {
    unfinished_.push_back({video->index, video->source + ": " + error.what()});
  }
}

std::vector<Unfinished> DrawnPictures::finish() {
  if (video_) end_video();
  return std::move(unfinished_);
}

}  // namespace fovea
