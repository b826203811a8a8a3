#pragma once
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "attention/base/rng.h"

namespace fovea {

inline void write_whole(const std::filesystem::path& file, const std::string& bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

// `count` pictures of 64 x 48 in folder/name: grey noise, and on it one to three rectangles, "red" or "blue";
// and folder/instances_name.json, which says where, as COCO does.
inline void write_painted_boxes(const std::filesystem::path& folder, const std::string& name, int count,
                                uint64_t seed) {
  constexpr int kWidth = 64, kHeight = 48;
  Rng rng(seed);
  const auto below = [&](int n) { return static_cast<int>(rng.next() % static_cast<uint64_t>(n)); };
  std::string images, annotations;
  int id = 0;
  for (int picture = 1; picture <= count; ++picture) {
    std::string pixels;
    for (int i = 0; i < kWidth * kHeight * 3; ++i) pixels += static_cast<char>(100 + below(30));
    for (int object = 0, objects = 1 + below(3); object < objects; ++object) {
      const int category = below(2), w = 12 + below(10), h = 12 + below(10);
      const int x = object * 21 + below(21 - std::min(w, 20)), y = below(kHeight - h);
      const int right = std::min(x + w, kWidth);
      for (int row = y; row < y + h; ++row)
        for (int column = x; column < right; ++column)
          for (int c = 0; c < 3; ++c)
            pixels[static_cast<size_t>((row * kWidth + column) * 3 + c)] =
                static_cast<char>(c == 2 * category ? 220 : 30);
      const auto field = [](const char* key, int value) {
        return std::string("\"") + key + "\": " + std::to_string(value) + ", ";
      };
      annotations += std::string(id > 0 ? ",\n{" : "{") + field("id", id + 1) + field("image_id", picture) +
                     field("category_id", category + 1) + field("iscrowd", 0) +
                     field("area", (right - x) * h) + "\"bbox\": [" + std::to_string(x) + ", " +
                     std::to_string(y) + ", " + std::to_string(right - x) + ", " + std::to_string(h) + "]}";
      ++id;
    }
    const std::string file = std::to_string(picture) + ".ppm";
    write_whole(folder / name / file, "P6\n64 48\n255\n" + pixels);
    images += std::string(picture > 1 ? ",\n" : "") + R"({"id": )" + std::to_string(picture) +
              R"(, "file_name": ")" + file + R"(", "width": 64, "height": 48})";
  }
  write_whole(folder / ("instances_" + name + ".json"),
              "{\"images\": [" + images + "],\n\"annotations\": [" + annotations +
                  "],\n\"categories\": [{\"id\": 1, \"name\": \"red\"}, {\"id\": 2, \"name\": \"blue\"}]}\n");
}

// A two-stage Deformable DETR that is small enough to learn such pictures in seconds.
inline void write_tiny_detector(const std::filesystem::path& file) {
  write_whole(file, R"({
    "architectures": ["DeformableDetrForObjectDetection"], "model_type": "deformable_detr",
    "backbone": null, "use_timm_backbone": false, "use_pretrained_backbone": false,
    "backbone_config": {"model_type": "resnet", "depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 16, 16],
      "embedding_size": 8, "layer_type": "basic", "hidden_act": "relu", "num_channels": 3,
      "out_features": ["stage2", "stage3", "stage4"], "out_indices": [2, 3, 4],
      "stage_names": ["stem", "stage1", "stage2", "stage3", "stage4"]},
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "encoder_n_points": 2,
    "decoder_n_points": 2, "num_feature_levels": 3, "num_queries": 10, "two_stage": true,
    "two_stage_num_proposals": 10, "with_box_refine": true, "dropout": 0.0,
    "id2label": {"0": "red", "1": "blue"}, "label2id": {"red": 0, "blue": 1}})");
}

}  // namespace fovea
