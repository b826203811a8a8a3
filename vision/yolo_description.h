#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

// What a YOLO data set's data.yaml says, or the folders where there is none.
struct YoloDescription {
  struct YoloSplit {
    std::string name;
    std::vector<std::string> places;  // folders of pictures and lists of them, below root or absolute
  };
  std::filesystem::path root;
  std::vector<YoloSplit> splits;
  std::vector<std::string> everything;  // places if there are no splits
  std::vector<Category> categories;     // by ascending id; none: the labels alone say
  bool keypoints = false;               // lines go on behind the box
};

// `path`: what yolo_description() gives. Fails if it cannot be made sense of.
YoloDescription read_yolo_description(const std::filesystem::path& path);

}  // namespace fovea
