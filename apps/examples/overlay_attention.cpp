// Where the classifier that comes with Fovea looks, over the live frames of a camera or those of a video.
//
//   overlay_attention MODEL 0                       a window with camera 0, until a key is pressed
//   overlay_attention MODEL clip.avi drawn.avi      a video, written
#include <cstdio>
#include <exception>
#include <opencv2/highgui.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "models/pipelines/explainer.h"
#include "vision/attention_view.h"
#include "vision/video.h"

namespace {

// A frame (8UC3, blue first) with the map of what the model took it for.
cv::Mat explained(const fovea::Explainer& explainer, const cv::Mat& bgr) {
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  const auto look = explainer.look(rgb);
  const auto map = look.map({.kind = explainer.usual_kind()});
  const cv::Mat values = fovea::grid_to_picture(map.values, look.place());
  return fovea::overlay(bgr, values, fovea::range_of(values), {.title = map.subject});
}

int run(const std::string& model, const std::string& from, const std::string& to) {
  const auto explainer = fovea::Explainer::load(model);
  const bool camera = from.find_first_not_of("0123456789") == std::string::npos;
  cv::VideoCapture capture;
  if (!(camera ? capture.open(std::stoi(from)) : capture.open(from))) {
    std::fprintf(stderr, "%s: cannot be opened; name a video, or the number of a camera\n", from.c_str());
    return 1;
  }
  std::optional<fovea::VideoWriter> writer;
  int frames = 0;
  for (cv::Mat frame; capture.read(frame); ++frames) {
    const cv::Mat drawn = explained(explainer, frame);
    if (to.empty()) {
      cv::imshow("attention", drawn);
      if (cv::waitKey(1) >= 0) break;
      continue;
    }
    if (!writer) writer.emplace(to, drawn.size(), capture.get(cv::CAP_PROP_FPS));
    writer->write(drawn);
  }
  if (writer) writer->finish();
  std::printf("%d frames\n", frames);
  return frames > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) try {
  if (count < 3 || count > 4) {
    std::fprintf(stderr, "usage: overlay_attention MODEL VIDEO|CAMERA [OUTPUT.avi]\n");
    return 2;
  }
  return run(words[1], words[2], count == 4 ? words[3] : "");
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
