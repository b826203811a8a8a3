#include "vision/labelled_picture.h"

#include <algorithm>

namespace fovea {
namespace {

template <class Move>
std::vector<LabelledBox> moved(std::vector<LabelledBox> boxes, const Move& move) {
  for (LabelledBox& labelled : boxes) labelled.box = move(labelled.box);
  return boxes;
}

Box cut(const Box& box, cv::Size frame) {
  const auto width = static_cast<double>(frame.width), height = static_cast<double>(frame.height);
  return {std::clamp(box.x0, 0.0, width), std::clamp(box.y0, 0.0, height), std::clamp(box.x1, 0.0, width),
          std::clamp(box.y1, 0.0, height)};
}

}  // namespace

std::vector<Annotation> learnable(const std::vector<Annotation>& objects, cv::Size picture) {
  std::vector<Annotation> left;
  for (Annotation object : objects) {
    if (object.crowd || object.difficult) continue;
    object.box = cut(object.box, picture);
    if (object.box.width() > 0 && object.box.height() > 0) left.push_back(object);
  }
  return left;
}

LabelledPicture flipped(const LabelledPicture& picture) {
  LabelledPicture out;
  cv::flip(picture.rgb, out.rgb, 1);
  const double width = picture.rgb.cols;
  out.boxes = moved(picture.boxes, [&](const Box& b) { return Box{width - b.x1, b.y0, width - b.x0, b.y1}; });
  return out;
}

LabelledPicture flipped_vertically(const LabelledPicture& picture) {
  LabelledPicture out;
  cv::flip(picture.rgb, out.rgb, 0);
  const double height = picture.rgb.rows;
  out.boxes = moved(picture.boxes, [&](const Box& b) {
    return Box{b.x0, height - b.y1, b.x1, height - b.y0};
  });
  return out;
}

LabelledPicture turned(const LabelledPicture& picture, int quarters) {
  const double width = picture.rgb.cols, height = picture.rgb.rows;
  LabelledPicture out = picture;
  switch (quarters % 4) {
    case 1:
      cv::rotate(picture.rgb, out.rgb, cv::ROTATE_90_CLOCKWISE);
      out.boxes = moved(picture.boxes, [&](const Box& b) {
        return Box{height - b.y1, b.x0, height - b.y0, b.x1};
      });
      break;
    case 2:
      return flipped(flipped_vertically(picture));
    case 3:
      cv::rotate(picture.rgb, out.rgb, cv::ROTATE_90_COUNTERCLOCKWISE);
      out.boxes = moved(picture.boxes, [&](const Box& b) {
        return Box{b.y0, width - b.x1, b.y1, width - b.x0};
      });
      break;
    default:
      break;
  }
  return out;
}

std::vector<LabelledBox> within(const std::vector<LabelledBox>& boxes, cv::Size frame, double least_share) {
  std::vector<LabelledBox> kept;
  for (const auto& [box, label] : boxes) {
    const Box left = cut(box, frame);
    if (left.width() < 1 || left.height() < 1) continue;
    if (left.width() * left.height() < least_share * box.width() * box.height()) continue;
    kept.push_back({left, label});
  }
  return kept;
}

}  // namespace fovea
