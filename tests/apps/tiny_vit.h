#pragma once
#include <cmath>
#include <map>
#include <string>

#include "attention/checkpoint/safetensors.h"
#include "tests/apps/test_folder.h"

namespace fovea {

inline Tensor made_up(Shape shape, double offset, double scale) {
  Tensor values(shape);
  for (int64_t i = 0; i < values.count(); ++i)
    values.mutable_data()[i] = static_cast<float>(
        offset + scale * std::cos(0.7 * static_cast<double>(i) + static_cast<double>(shape.rank())));
  return values;
}

inline std::map<std::string, Tensor> tiny_vit_parameters(int64_t hidden, int64_t mlp, int64_t classes) {
  std::map<std::string, Tensor> parameters;
  const auto linear = [&](const std::string& name, int64_t out, int64_t in) {
    parameters[name + ".weight"] = made_up({out, in}, 0, 0.3);
    parameters[name + ".bias"] = made_up({out}, 0, 0.1);
  };
  const auto norm = [&](const std::string& name) {
    parameters[name + ".weight"] = made_up({hidden}, 1, 0.1);
    parameters[name + ".bias"] = made_up({hidden}, 0, 0.1);
  };
  parameters["vit.embeddings.cls_token"] = made_up({1, 1, hidden}, 0, 0.2);
  parameters["vit.embeddings.position_embeddings"] = made_up({1, 5, hidden}, 0, 0.2);
  parameters["vit.embeddings.patch_embeddings.projection.weight"] = made_up({hidden, 3, 8, 8}, 0.01, 0.1);
  parameters["vit.embeddings.patch_embeddings.projection.bias"] = made_up({hidden}, 0, 0.1);
  const std::string layer = "vit.encoder.layer.0.";
  for (const char* name : {"query", "key", "value"})
    linear(layer + "attention.attention." + name, hidden, hidden);
  linear(layer + "attention.output.dense", hidden, hidden);
  linear(layer + "intermediate.dense", mlp, hidden);
  linear(layer + "output.dense", hidden, mlp);
  norm(layer + "layernorm_before");
  norm(layer + "layernorm_after");
  norm("vit.layernorm");
  linear("classifier", classes, hidden);
  return parameters;
}

// A folder that can be read as a transformers checkpoint: a ViT of one layer for pictures of 16 x 16.
inline std::string write_tiny_vit(const TestFolder& folder, const std::string& name) {
  folder.write(name + "/config.json", R"({
    "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_act": "gelu", "hidden_size": 16,
    "id2label": {"0": "tabby cat", "1": "golden retriever", "2": "car, red", "3": "espresso", "4": "\"daisy\""},
    "image_size": 16, "intermediate_size": 24, "layer_norm_eps": 1e-12, "num_attention_heads": 2, "num_channels": 3,
    "num_hidden_layers": 1, "patch_size": 8, "qkv_bias": true})");
  folder.write(name + "/preprocessor_config.json", R"({
    "do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
    "image_processor_type": "ViTImageProcessor", "image_std": [0.5, 0.5, 0.5], "resample": 2,
    "rescale_factor": 0.00392156862745098, "size": {"height": 16, "width": 16}})");
  save_safetensors(folder / (name + "/model.safetensors"), tiny_vit_parameters(16, 24, 5));
  return folder / name;
}

// A picture file that needs no encoder: binary PPM, its pixels a rule of `seed`.
inline std::string ppm(int width, int height, int seed) {
  std::string bytes = "P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (int i = 0; i < width * height * 3; ++i) bytes += static_cast<char>((i * (7 + seed) + seed * 31) % 256);
  return bytes;
}

}  // namespace fovea
