#include "vision/annotation_frame.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

struct FrameSize {
  int64_t width, height;
  bool operator==(const FrameSize&) const = default;
  FrameSize turned() const { return {height, width}; }
};

std::ostream& operator<<(std::ostream& out, const FrameSize& size) {
  return out << size.width << " x " << size.height;
}

bool fit(const std::vector<Annotation>& objects, const FrameSize& size) {
  constexpr double kSlack = 1;
  return std::ranges::all_of(objects, [&](const Annotation& object) {
    return object.box.x1 <= static_cast<double>(size.width) + kSlack &&
           object.box.y1 <= static_cast<double>(size.height) + kSlack;
  });
}

// From the stored picture to the upright one, whose size is `shown`; orientations 5 to 8.
Box turned(const Box& box, int orientation, const FrameSize& shown) {
  const auto width = static_cast<double>(shown.width), height = static_cast<double>(shown.height);
  Box out = {box.y0, box.x0, box.y1, box.x1};
  if (orientation == 6 || orientation == 7) out = {width - out.x1, out.y0, width - out.x0, out.y1};
  if (orientation == 7 || orientation == 8) out = {out.x0, height - out.y1, out.x1, height - out.y0};
  return out;
}

void turn(std::vector<Annotation>& objects, int orientation, const FrameSize& shown) {
  for (Annotation& object : objects) {
    object.box = turned(object.box, orientation, shown);
    object.bbox = {};
  }
}

bool alike(const FrameSize& a, const FrameSize& b) {
  const double of_a = static_cast<double>(a.width) / static_cast<double>(a.height);
  const double of_b = static_cast<double>(b.width) / static_cast<double>(b.height);
  return std::abs(of_a / of_b - 1) < 0.01;
}

void scale(std::vector<Annotation>& objects, const FrameSize& from, const FrameSize& to) {
  const double across = static_cast<double>(to.width) / static_cast<double>(from.width);
  const double down = static_cast<double>(to.height) / static_cast<double>(from.height);
  for (Annotation& object : objects) {
    Box& box = object.box;
    box = {box.x0 * across, box.y0 * down, box.x1 * across, box.y1 * down};
    object.area *= across * down;
    object.bbox = {};
  }
}

}  // namespace

bool settle_frame(AnnotatedPicture& picture, const PictureLook& look, const std::filesystem::path& path,
                  const std::string& place, AnnotationProblems& problems) {
  const FrameSize said = {picture.width, picture.height}, shown = {look.width, look.height};
  std::vector<Annotation>& objects = picture.objects;
  picture.width = shown.width;
  picture.height = shown.height;
  if (said == shown) return true;
  const bool fit_shown = fit(objects, shown);
  if (said.width <= 0 || said.height <= 0) {
    if (look.turned() && !fit_shown && fit(objects, shown.turned())) turn(objects, look.orientation, shown);
    return true;
  }
  const bool swapped = said == shown.turned(), fit_said = fit(objects, said);
  const char* code = swapped ? "swapped_size" : "wrong_size";
  if (objects.empty() || (fit_shown && !fit_said)) {
    problems.repaired(code, place, ": says ", said, ", but the picture is ", shown, "; that is taken");
  } else if (swapped && look.turned()) {
    turn(objects, look.orientation, shown);
    problems.repaired(code, place, ": says ", said,
                      ", as the picture is stored, but by its EXIF orientation (", look.orientation,
                      ") it is shown as ", shown, "; the boxes are turned with it");
  } else if (swapped && (fit_shown || !fit_said)) {
    problems.repaired(code, place, ": says ", said, ", but the picture is ", shown, "; that is taken");
  } else if (!swapped && fit_said && alike(said, shown)) {
    scale(objects, said, shown);
    problems.repaired(code, place, ": says ", said, ", but the picture is ", shown,
                      "; the boxes are scaled to it");
  } else if (fit_shown) {
    problems.repaired(code, place, ": says ", said, ", but the picture is ", shown,
                      ", and its boxes fit both; the picture's size is taken");
  } else {
    problems.left_out(code, path, place, ": says ", said, ", but the picture is ", shown,
                      ", and its boxes fit ", fit_said ? "only what is said" : "neither",
                      "; write them for this picture");
    return false;
  }
  return true;
}

}  // namespace fovea
