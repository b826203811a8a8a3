#pragma once
#include <string>

#include "attention/checkpoint/safetensors.h"
#include "models/trainable_detector.h"
#include "tests/apps/test_folder.h"

namespace fovea {

// A folder with the config of a DETR of 19 queries and 3 classes.
inline std::string write_tiny_detr(const TestFolder& folder, const std::string& name) {
  folder.write(name + "/config.json", R"({
    "architectures": ["DetrForObjectDetection"], "model_type": "detr", "backbone": null,
    "use_timm_backbone": false, "use_pretrained_backbone": false,
    "backbone_config": {"model_type": "resnet", "depths": [1, 1, 1, 1], "hidden_sizes": [8, 8, 16, 16],
      "embedding_size": 8, "layer_type": "basic", "hidden_act": "relu", "num_channels": 3,
      "out_features": ["stage4"], "stage_names": ["stem", "stage1", "stage2", "stage3", "stage4"]},
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "num_queries": 19,
    "id2label": {"0": "cat", "1": "dog & co", "2": "car, red"}})");
  folder.write(name + "/preprocessor_config.json", R"({
    "image_processor_type": "DetrImageProcessor", "do_resize": true, "size": {"shortest_edge": 48, "longest_edge": 80},
    "do_rescale": true, "do_normalize": true, "do_pad": true,
    "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]})");
  return folder / name;
}

// Weights for it, drawn.
inline void draw_tiny_detr(const std::string& folder) {
  const TrainableDetector made = load_trainable_detector(
      {.path = folder + "/config.json", .labels = {"cat", "dog & co", "car, red"}, .tuning = {}});
  std::map<std::string, Tensor> ours;
  for (const auto& [key, value] : made.store->state()) ours[key] = value;
  save_safetensors(folder + "/model.safetensors", made.stored(ours));
}

}  // namespace fovea
