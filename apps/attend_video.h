#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/attend_maps.h"
#include "apps/result.h"

namespace fovea {

// A map over its picture (8UC3, blue first), as it is saved.
cv::Mat drawn_map(const cv::Mat& bgr, const AttendedMap& made, const Attended& all, const ValueRange& range,
                  OverlayStyle style);

// Videos with the map of each frame over it. One scale for all of a video is known only after its last frame:
// maps are kept, and frames read again to be drawn on.
class AttendVideos {
 public:
  AttendVideos(const OverlayStyle& style, int64_t every) : style_(style), every_(every) {}

  void add(Result& result);          // a frame; that of another video ends the one before
  std::vector<Unfinished> finish();  // the videos that could not be written

 private:
  struct Shown {
    int64_t frame;
    std::shared_ptr<const Attended> attended;
  };
  struct Clip {
    int64_t index;
    std::string source, path;
    double rate;
    std::vector<Shown> frames;
  };
  void end_video();
  void write(const Clip& clip, const std::string& path) const;

  OverlayStyle style_;
  int64_t every_;
  std::optional<Clip> clip_;
  std::vector<Unfinished> unfinished_;
};

}  // namespace fovea
