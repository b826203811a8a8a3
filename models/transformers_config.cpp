#include "models/transformers_config.h"

#include <algorithm>

#include "attention/checkpoint/shown_name.h"
#include "models/class_labels.h"

namespace fovea {
namespace {

struct NamedActivation {
  const char* name;
  Activation activation;
};
constexpr NamedActivation kActivations[] = {
    {"gelu", Activation::kGelu},          {"gelu_python", Activation::kGelu},
    {"gelu_new", Activation::kGeluTanh},  {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh}, {"quick_gelu", Activation::kQuickGelu},
    {"relu", Activation::kRelu},          {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},         {"sigmoid", Activation::kSigmoid},
    {"tanh", Activation::kTanh},
};

}  // namespace

std::string transformers_class(const ConfigJson& config, const std::vector<std::string>& known) {
  if (!config.has("architectures")) return known.front();
  const nlohmann::json& names = config.json().at("architectures");
  if (!names.is_array() || names.empty() || !names[0].is_string())
    config.refuse("architectures", "names no class");
  auto name = names[0].get<std::string>();
  if (std::find(known.begin(), known.end(), name) != known.end()) return name;
  config.refuse("architectures", "is " + shown_name(name) + ", which Fovea cannot build for model_type " +
                                     shown_name(config.text("model_type")));
}

std::vector<std::string> transformers_labels(const ConfigJson& config) {
  constexpr int64_t kClassesByDefault = 2;  // transformers'
  if (!config.has("id2label")) return numbered_labels(config.size("num_labels", kClassesByDefault, 0));
  return labels_at(config, "id2label", static_cast<int64_t>(config.at("id2label").json().size()));
}

Activation transformers_activation(const ConfigJson& config, const char* key, const std::string& absent) {
  const std::string name = config.text(key, absent);
  for (const NamedActivation& known : kActivations)
    if (name == known.name) return known.activation;
  config.refuse(key, "is " + shown_name(name) + ", which Fovea does not compute");
}

}  // namespace fovea
