#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

#include "vision/detections.h"

namespace fovea {

// The outlines of a COCO file that its reader has passed over, for objects without a box.
class CocoOutlines {
 public:
  explicit CocoOutlines(const std::filesystem::path& file) : in_(file, std::ios::binary) {}

  // Around the polygons of the "segmentation" at byte `begin`, [[x, y, x, y, ...], ...]. None: it is
  // something else.
  std::optional<Box> box_around(int64_t begin);

 private:
  char next();  // without blanks; 0 at the end
  std::optional<double> number(char first);
  bool polygon(Box& box);

  std::ifstream in_;
};

}  // namespace fovea
