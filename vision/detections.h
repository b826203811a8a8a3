#pragma once
#include <cstdint>
#include <vector>

namespace fovea {

// Pixels of a picture: left, top, right and bottom edge.
struct Box {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  double width() const { return x1 - x0; }
  double height() const { return y1 - y0; }
  bool operator==(const Box&) const = default;
};

struct Detection {
  Box box;
  int64_t class_id = 0;  // index in the model's head
  float score = 0;
  int64_t query = -1;  // which of the model's queries found it
};
using Detections = std::vector<Detection>;  // of one picture, best first

}  // namespace fovea
