#include <algorithm>
#include <cmath>
#include <tuple>

#include "attention/base/error.h"
#include "models/class_labels.h"
#include "models/vit_config.h"

namespace fovea {
namespace {

constexpr const char* kLayer = "encoder.layers.encoder_layer_";

Shape shape_of(const Checkpoint& checkpoint, const std::string& name, int rank) {
  if (!checkpoint.has(name) || checkpoint.shape(name).rank() != rank)
    fail(checkpoint.path().string(), ": no tensor ", name, " of rank ", rank,
         ", as torchvision's ViT has it; use a checkpoint of that model");
  return checkpoint.shape(name);
}

// The side of a square picture of so many patches; 0 if there is none of a sensible size.
int64_t side_of(int64_t patches, int64_t patch) {
  constexpr int64_t kMost = int64_t{1} << 26;
  if (patches < 1 || patches > kMost || patch > kMost) return 0;
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  return side * side == patches ? side * patch : 0;
}

int64_t depth_of(const Checkpoint& checkpoint) {
  int64_t depth = 0;
  while (checkpoint.has(kLayer + std::to_string(depth) + ".ln_1.weight")) ++depth;
  return depth;
}

}  // namespace

bool is_torchvision_vit(std::string_view architecture) {
  if (architecture == "torchvision_vit") return true;
  for (const std::string_view size : {"vit_b_", "vit_l_", "vit_h_"})
    if (architecture.starts_with(size) && architecture.size() > size.size())
      return architecture.find_first_not_of("0123456789", size.size()) == architecture.npos;
  return false;
}

VitConfig vit_from_torchvision(const ConfigJson& config, const Checkpoint& checkpoint, ModelInfo& info) {
  const std::string file = checkpoint.path().string();
  const Shape patch = shape_of(checkpoint, "conv_proj.weight", 4);
  const int64_t tokens = shape_of(checkpoint, "encoder.pos_embedding", 3)[1];
  VitConfig c;
  c.dim = patch[0];
  c.channels = patch[1];
  c.patch_height = patch[2];
  c.patch_width = patch[3];
  std::tie(c.image_height, c.image_width) = config.sides("image_size", side_of(tokens - 1, c.patch_height));
  if (c.image_height == 0 && side_of(tokens - 1, 1) == 0)
    fail(file, ": encoder.pos_embedding has ", tokens,
         " tokens, and all but one are no square of patches; "
         "give \"image_size\": [height, width] in a config.json");
  c.depth = depth_of(checkpoint);
  const std::string first = std::string(kLayer) + "0.mlp.";
  const bool older = checkpoint.has(first + "linear_1.weight");
  c.mlp = shape_of(checkpoint, first + (older ? "linear_1.weight" : "0.weight"), 2)[0];
  c.classes = config.size("num_classes", shape_of(checkpoint, "heads.head.weight", 2)[0]);
  const int64_t heads = std::clamp<int64_t>(c.dim / (c.dim == 1280 ? 80 : 64), 1, 1 << 20);
  c.heads = static_cast<int>(config.size("num_heads", heads));
  c.resample = GridResample::kBicubicAlignCorners;
  check_vit(file, c);
  const char* const names = config.has("label_names") ? "label_names" : "id2label";
  info.labels = config.has(names) ? labels_at(config, names, c.classes) : numbered_labels(c.classes);
  info.multi_label = c.classes == 1;
  info.architecture = config.text("architecture", "torchvision_vit");
  info.library = "torchvision";
  return c;
}

}  // namespace fovea
