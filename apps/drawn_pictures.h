#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/detection_text.h"
#include "vision/video.h"

namespace fovea {

// How the names of annotated pictures and videos end: as the input's, or as that of the nearest kind that
// OpenCV can write.
std::string drawn_extension(const std::string& source, std::optional<cv::Size> video);

// A picture's file; ".png", ".jpg".
std::string encoded(const std::string& extension, const cv::Mat& bgr);

// Writes pictures with what was found in them to result.input.picture_to, and a video's frames into one
// video.
class DrawnPictures {
 public:
  explicit DrawnPictures(DetectionWords words, int64_t every = 1);
  ~DrawnPictures();  // a video that is not finished is thrown away

  void write(Result& result);        // fails a result that cannot be written
  std::vector<Unfinished> finish();  // the videos that could not be written

 private:
  struct Video;
  void draw(Result& result) const;
  void add_frame(Result& result);
  void end_video();

  DetectionWords words_;
  int64_t every_;
  std::unique_ptr<Video> video_;
  std::vector<Unfinished> unfinished_;
};

}  // namespace fovea
