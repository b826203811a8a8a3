#include "models/resnet_names.h"

namespace fovea {
namespace {

// How many batches a norm has seen counts only where its momentum is none.
constexpr NameRule kTransformersBackbone[] = {
    {"embedder.embedder.normalization.num_batches_tracked", "", Change::kDrop},
    {"encoder.stages.*.layers.*.layer.*.normalization.num_batches_tracked", "", Change::kDrop},
    {"encoder.stages.*.layers.*.shortcut.normalization.num_batches_tracked", "", Change::kDrop},
    {"embedder.embedder.convolution.", "stem.0.conv."},
    {"embedder.embedder.normalization.", "stem.0.norm."},
    {"encoder.stages.*.layers.*.layer.0.convolution.", "stages.*.blocks.*.conv1."},
    {"encoder.stages.*.layers.*.layer.0.normalization.", "stages.*.blocks.*.norm1."},
    {"encoder.stages.*.layers.*.layer.1.convolution.", "stages.*.blocks.*.conv2."},
    {"encoder.stages.*.layers.*.layer.1.normalization.", "stages.*.blocks.*.norm2."},
    {"encoder.stages.*.layers.*.layer.2.convolution.", "stages.*.blocks.*.conv3."},
    {"encoder.stages.*.layers.*.layer.2.normalization.", "stages.*.blocks.*.norm3."},
    {"encoder.stages.*.layers.*.shortcut.convolution.", "stages.*.blocks.*.shortcut.conv."},
    {"encoder.stages.*.layers.*.shortcut.normalization.", "stages.*.blocks.*.shortcut.norm."},
};
constexpr NameRule kTransformersHead[] = {{"classifier.1.", "head."}};

// timm's and torchvision's.
constexpr NameRule kStem[] = {
    {"bn1.num_batches_tracked", "", Change::kDrop},
    {"conv1.", "stem.0.conv."},
    {"bn1.", "stem.0.norm."},
};
constexpr NameRule kDeepStem[] = {
    {"bn1.num_batches_tracked", "", Change::kDrop},
    {"conv1.*.num_batches_tracked", "", Change::kDrop},
    {"conv1.0.", "stem.0.conv."},
    {"conv1.1.", "stem.0.norm."},
    {"conv1.3.", "stem.1.conv."},
    {"conv1.4.", "stem.1.norm."},
    {"conv1.6.", "stem.2.conv."},
    {"bn1.", "stem.2.norm."},
};
constexpr NameRule kStage[] = {
    {"*.bn*.num_batches_tracked", "", Change::kDrop},
    {"*.downsample.*.num_batches_tracked", "", Change::kDrop},
    {"*.conv*.", "blocks.*.conv*."},
    {"*.bn*.", "blocks.*.norm*."},
};
constexpr NameRule kShortcut[] = {
    {"*.downsample.0.", "blocks.*.shortcut.conv."},
    {"*.downsample.1.", "blocks.*.shortcut.norm."},
};
constexpr NameRule kPooledShortcut[] = {
    {"*.downsample.1.", "blocks.*.shortcut.conv."},
    {"*.downsample.2.", "blocks.*.shortcut.norm."},
};
constexpr NameRule kHead[] = {{"fc.", "head."}};

}  // namespace

NameTable transformers_resnet_names(const std::string& backbone) {
  NameTable names;
  names.add(kTransformersBackbone, backbone);
  if (!backbone.empty()) names.add(kTransformersHead);
  return names;
}

NameTable timm_resnet_names(bool deep_stem) {
  NameTable names;
  names.add(deep_stem ? NameRules(kDeepStem) : NameRules(kStem));
  for (int i = 0; i < 4; ++i) {
    const std::string theirs = "layer" + std::to_string(i + 1) + ".",
                      ours = "stages." + std::to_string(i) + ".";
    names.add(kStage, theirs, ours);
    names.add(deep_stem ? NameRules(kPooledShortcut) : NameRules(kShortcut), theirs, ours);
  }
  names.add(kHead);
  return names;
}

NameTable torchvision_resnet_names() {
  return timm_resnet_names(false);
}

}  // namespace fovea
