#pragma once
#include <opencv2/core.hpp>
#include <vector>

#include "vision/annotations.h"
#include "vision/detections.h"

namespace fovea {

struct LabelledBox {
  Box box;
  int label = 0;
};

// A picture (8UC3, red first) and what is to be found in it, in its own pixels.
struct LabelledPicture {
  cv::Mat rgb;
  std::vector<LabelledBox> boxes;
};

// What is to be learnt of a picture: no crowds, nothing difficult; boxes cut to the picture, none of them
// empty.
std::vector<Annotation> learnable(const std::vector<Annotation>& objects, cv::Size picture);

// The whole picture moved; no box is lost.
LabelledPicture flipped(const LabelledPicture& picture);
LabelledPicture flipped_vertically(const LabelledPicture& picture);
LabelledPicture turned(const LabelledPicture& picture, int quarters);  // clockwise

// The boxes that keep `least_share` of their area within a frame, and a pixel of each side; cut to it.
std::vector<LabelledBox> within(const std::vector<LabelledBox>& boxes, cv::Size frame, double least_share);

}  // namespace fovea
