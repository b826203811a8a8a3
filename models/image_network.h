#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "attention/checkpoint/checkpoint.h"
#include "attention/nn/pass.h"
#include "models/config_json.h"
#include "models/model_info.h"
#include "models/token_layout.h"

namespace fovea {

// A checkpoint folder as opened.
struct ModelSource {
  std::filesystem::path folder;
  std::optional<ConfigJson> config;      // config.json, if there is one
  std::optional<Checkpoint> checkpoint;  // none: the weights are drawn from `seed`
  uint64_t seed = 0;

  std::string name(const char* file) const { return (folder / file).string(); }  // for messages
};

// A network from pictures [B, H, W, 3] to classes, whatever its family.
struct ImageNetwork {
  ModelInfo info;
  // -> [B, classes]; empty for a model without a classifier
  std::function<Tensor(const Tensor& images, const Pass& pass)> logits;
  // -> [B, info.embedding]
  std::function<Tensor(const Tensor& images, const Pass& pass)> embed;
  // Every output by the name that the Python library gives it; `all` adds hidden states and attentions.
  std::function<std::map<std::string, Tensor>(const Tensor& images, bool all)> outputs;
  // Of the tokens that its self-attention weighs, for pictures of this size; empty if it has none.
  std::function<TokenLayout(int64_t height, int64_t width)> layout;
  // The same network, made ready for pictures of another size.
  std::function<ImageNetwork(int64_t height, int64_t width)> resized;
};

// Finds the family by config.json's model_type or architecture, else by which table of names fits the
// checkpoint. Fails with one line that names the file, and the parameters that are missing, of another shape,
// or unread.
ImageNetwork load_image_network(const ModelSource& source);

}  // namespace fovea
