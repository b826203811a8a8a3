#include "models/resnet_config.h"

#include <algorithm>

namespace fovea {
namespace {

double product(int64_t a, int64_t b) {
  return static_cast<double>(a) * static_cast<double>(b);
}

// About: norms and shortcuts are left out but for the widest.
double parameters_of(const ResNetConfig& c) {
  double count = product(c.classes, c.stages.back().width);
  int64_t in = c.channels;
  for (int64_t width : c.stem) {
    count += (c.stem.size() == 1 ? 49 : 9) * product(in, width);
    in = width;
  }
  for (const ResNetConfig::Stage& stage : c.stages) {
    const double square = product(stage.width, stage.width), first = product(in, stage.width);
    const double block = c.bottleneck ? square * (9.0 / 16 + 1.0 / 2) : 18 * square;
    count += static_cast<double>(stage.blocks) * block + (c.bottleneck ? 1.25 : 10) * first;
    in = stage.width;
  }
  return count;
}

}  // namespace

void check_resnet(const ConfigJson& config, const ResNetKeys& keys, const ResNetConfig& c) {
  constexpr int64_t kMostBlocks = 1024;
  constexpr double kMostParameters = 0x1p31;
  int64_t blocks = 0;
  for (const ResNetConfig::Stage& stage : c.stages) {
    blocks += stage.blocks;
    if (c.bottleneck && stage.width < 4)
      config.refuse(keys.widths,
                    "has " + std::to_string(stage.width) + ", of which a bottleneck has no quarter");
  }
  if (blocks > kMostBlocks)
    config.refuse(keys.blocks, "makes " + std::to_string(blocks) + " blocks, more than the " +
                                   std::to_string(kMostBlocks) + " that Fovea builds");
  if (const double count = parameters_of(c); count > kMostParameters)
    config.refuse(keys.widths,
                  "makes a model of about " + std::to_string(static_cast<int64_t>(std::min(count, 1e18))) +
                      " parameters, more than the " + std::to_string(static_cast<int64_t>(kMostParameters)) +
                      " that Fovea builds");
}

}  // namespace fovea
