#include "attention/base/error.h"
#include "models/class_labels.h"
#include "models/resnet_config.h"

namespace fovea {
namespace {

// One axis of a tensor that torchvision's ResNet has.
int64_t size_at(const Checkpoint& checkpoint, const std::string& name, int rank, int axis) {
  constexpr int64_t kMost = int64_t{1} << 20;
  const std::string file = checkpoint.path().string();
  if (!checkpoint.has(name) || checkpoint.shape(name).rank() != rank)
    fail(file, ": no tensor ", name, " of rank ", rank,
         ", as torchvision's ResNet has it; use a checkpoint of that model");
  const int64_t size = checkpoint.shape(name)[axis];
  if (size < 1 || size > kMost)
    fail(file, ": tensor ", name, " has ", size, " along an axis, out of range; download it again");
  return size;
}

int64_t blocks_of(const Checkpoint& checkpoint, const std::string& stage) {
  int64_t blocks = 0;
  while (checkpoint.has(stage + std::to_string(blocks) + ".conv1.weight")) ++blocks;
  return blocks;
}

}  // namespace

ResNetConfig resnet_from_torchvision(const ConfigJson& config, const Checkpoint& checkpoint,
                                     ModelInfo& info) {
  ResNetConfig c;
  c.stem = {size_at(checkpoint, "conv1.weight", 4, 0)};
  c.channels = size_at(checkpoint, "conv1.weight", 4, 1);
  c.bottleneck = checkpoint.has("layer1.0.conv3.weight");
  c.stages.clear();
  for (int64_t i = 1; i <= 4; ++i) {
    const std::string stage = "layer" + std::to_string(i) + ".";
    const int64_t width =
        size_at(checkpoint, stage + (c.bottleneck ? "0.conv3.weight" : "0.conv2.weight"), 4, 0);
    c.stages.push_back({width, blocks_of(checkpoint, stage), i > 1 ? 2 : 1});
  }
  c.classes = config.size("num_classes", size_at(checkpoint, "fc.weight", 2, 0));
  const ConfigJson tensors(checkpoint.path().string(), std::string("{}"));
  check_resnet(tensors, {.widths = "layer4.0", .blocks = "layer1"}, c);
  const char* const names = config.has("label_names") ? "label_names" : "id2label";
  info.labels = config.has(names) ? labels_at(config, names, c.classes) : numbered_labels(c.classes);
  info.multi_label = c.classes == 1;
  info.architecture = "torchvision_resnet";
  info.library = "torchvision";
  info.input_height = info.input_width = 224;
  return c;
}

}  // namespace fovea
