#include "models/vit_config.h"

#include <cmath>

#include "attention/base/error.h"

namespace fovea {
namespace {

struct Range {
  const char* what;
  int64_t size, least, most;
};

void check_ranges(const std::string& file, const VitConfig& c) {
  constexpr int64_t kLongestSide = 8192;
  const Range ranges[] = {
      {"patch height", c.patch_height, 1, kLongestSide}, {"patch width", c.patch_width, 1, kLongestSide},
      {"image height", c.image_height, 1, kLongestSide}, {"image width", c.image_width, 1, kLongestSide},
      {"number of channels", c.channels, 1, 1 << 12},    {"width", c.dim, 1, 1 << 16},
      {"number of layers", c.depth, 1, 1 << 10},         {"hidden width", c.mlp, 1, 1 << 20},
      {"number of heads", c.heads, 1, 1 << 16},          {"number of classes", c.classes, 0, 1 << 20},
      {"pooler's width", c.pooler_dim, 0, 1 << 16}};
  for (const Range& range : ranges)
    if (range.size < range.least || range.size > range.most)
      fail(file, ": the ", range.what, " is ", range.size, ", out of range (", range.least, " to ",
           range.most, "); check the file against its original");
}

// About: what is left out grows with the width alone.
double parameters_of(const VitConfig& c) {
  const auto area = [](int64_t a, int64_t b) { return static_cast<double>(a) * static_cast<double>(b); };
  const double layer = 4 * area(c.dim, c.dim) + 2 * area(c.dim, c.mlp);
  const double patch = area(c.patch_height, c.patch_width) * area(c.channels, c.dim);
  const double position = area(c.rows(), c.columns()) * static_cast<double>(c.dim);
  return static_cast<double>(c.depth) * layer + patch + position + area(c.classes + c.pooler_dim, c.dim);
}

}  // namespace

void check_vit(const std::string& file, const VitConfig& c) {
  constexpr double kMostParameters = 0x1p31;
  constexpr const char* kNext = "; check the file against its original";
  check_ranges(file, c);
  if (c.dim % c.heads) fail(file, ": ", c.heads, " heads do not divide the width ", c.dim, kNext);
  if (c.rows() < 1 || c.columns() < 1)
    fail(file, ": the image size ", c.image_height, " x ", c.image_width, " is smaller than a patch of ",
         c.patch_height, " x ", c.patch_width, kNext);
  if (!std::isfinite(c.norm_eps) || c.norm_eps < 0)
    fail(file, ": the epsilon of the norms is ", c.norm_eps, ", not 0 or a small number", kNext);
  if (const double count = parameters_of(c); count > kMostParameters)
    fail(file, ": the sizes make a model of about ", count, " parameters, more than the ",
         static_cast<int64_t>(kMostParameters), " that Fovea builds", kNext);
}

}  // namespace fovea
