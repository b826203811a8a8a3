#include "vision/recipe.h"

#include <sstream>

namespace fovea {
namespace {

template <class... Parts>
std::string line(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

const char* name_of(Filter filter) {
  switch (filter) {
    case Filter::kNearest:
      return "nearest";
    case Filter::kLanczos:
      return "lanczos";
    case Filter::kBilinear:
      return "bilinear";
    case Filter::kBicubic:
      return "bicubic";
    case Filter::kBox:
      return "box";
    case Filter::kHamming:
      return "hamming";
  }
  return "unknown";
}

std::string resize_line(const Recipe& r) {
  const std::string size = line(r.resize_height, " x ", r.resize_width),
                    how = line(", ", name_of(r.filter), " (Pillow)");
  switch (r.fit) {
    case Recipe::Fit::kKeep:
      return "keep the size";
    case Recipe::Fit::kSquash:
      return "resize to " + size + how;
    case Recipe::Fit::kShortestEdge:
      return line("resize the shorter side to ", r.resize_height, how);
    case Recipe::Fit::kCover:
      return "resize to cover " + size + how;
    case Recipe::Fit::kBorder:
    case Recipe::Fit::kWithin:
      return "resize to fit into " + size + how;
    case Recipe::Fit::kShortestLongest:
      return line("resize the shorter side to ", r.resize_height, ", the longer at most ", r.resize_width,
                  r.multiple > 1 ? line(", in multiples of ", r.multiple) : "", how);
  }
  return "";
}

std::string triple(const std::array<double, 3>& values) {
  return line("[", values[0], ", ", values[1], ", ", values[2], "]");
}

}  // namespace

std::vector<std::string> describe(const Recipe& r) {
  std::vector<std::string> lines;
  if (r.apply_exif) lines.push_back("turn upright by EXIF orientation");
  lines.push_back(resize_line(r));
  if (r.crop) lines.push_back(line("crop the centre to ", r.crop_height, " x ", r.crop_width));
  if (r.crop && r.fill != std::array<uint8_t, 3>{})
    lines.push_back(
        line("fill the border with RGB ", int{r.fill[0]}, ", ", int{r.fill[1]}, ", ", int{r.fill[2]}));
  if (r.rescale != 1) lines.push_back(line("multiply by ", r.rescale));
  if (r.normalise) lines.push_back("subtract mean " + triple(r.mean) + ", divide by std " + triple(r.stddev));
  if (r.pad)
    lines.push_back("pad with 0 to " +
                    (r.pad_height > 0 ? line(r.pad_height, " x ", r.pad_width) : "the batch's largest"));
  return lines;
}

}  // namespace fovea
