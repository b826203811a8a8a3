#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

// What is known of a model beside its weights.
struct ModelInfo {
  std::string id;            // `_name_or_path` of its config if that says, else the folder's name
  std::string architecture;  // as its library calls it: "ViTForImageClassification", "vit_tiny_patch16_224"
  std::string library;       // whose names the checkpoint uses: "transformers", "timm", "torchvision"
  std::string licence;       // empty if nothing says
  int64_t parameters = 0;
  int64_t embedding = 0;                      // length of an embedding
  int64_t input_height = 0, input_width = 0;  // what it was trained for
  std::vector<std::string> labels;            // one a class; empty for a model without a classifier
  bool multi_label = false;  // a class's score is its logit's sigmoid, not its share of a softmax
  std::vector<std::pair<std::string, std::string>> details;  // {"layers", "12"}, in reading order
};

}  // namespace fovea
