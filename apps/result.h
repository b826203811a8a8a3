#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vision/detections.h"
#include "vision/video.h"

namespace fovea {

struct Attended;

// Why an input gave no result. The message is one line that names the file, the reason and the next step.
struct Failure {
  std::string code;  // "not_found", "truncated", ...
  std::string message;
};

struct Input {
  int64_t index = 0;
  std::string source;  // the path as it was given or found, bytes untouched; "-" is standard input
  std::optional<Failure> failure;               // known before the picture is even opened
  std::optional<VideoFrame> frame = {};         // of a video, read already
  std::string picture_to = {}, labels_to = {};  // files that its result goes to; empty: none
};

struct Timing {  // milliseconds
  double decode = 0, preprocess = 0, infer = 0, postprocess = 0;
};

// An input whose files could not be finished, after its results were written: a video, say.
struct Unfinished {
  int64_t index;
  std::string message;
};

// What one input came to.
struct Result {
  Input input;  // its failure may also come from reading the picture
  int64_t width = 0, height = 0;
  int exif_orientation = 1;
  std::vector<float> values;           // the model's output: a row of logits, an embedding,
  Detections objects;                  // or what it found, in pixels; not cut to the picture,
  std::shared_ptr<Attended> attended;  // or what it looked at
  cv::Mat rgb;                         // the picture itself, where it is to be drawn on; else empty
  Timing timing;
};

}  // namespace fovea
