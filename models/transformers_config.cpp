#include "models/transformers_config.h"

#include <algorithm>

#include "attention/base/shown_name.h"
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
  // As many classes as names; a name of another number is of no class, and may be a number itself.
  const ConfigJson known = config.at("id2label");
  const nlohmann::json& names = known.json();
  const auto classes = static_cast<int64_t>(names.size());
  std::vector<std::string> labels = numbered_labels(classes);
  for (const auto& [key, value] : names.items()) {
    if (!value.is_string() && !value.is_number())
      config.refuse("id2label", "has a name that is not a string");
    if (const int64_t index = class_of(key, classes); index >= 0)
      labels[static_cast<size_t>(index)] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return labels;
}

Activation transformers_activation(const ConfigJson& config, const char* key, const std::string& absent) {
  const std::string name = config.text(key, absent);
  for (const NamedActivation& known : kActivations)
    if (name == known.name) return known.activation;
  config.refuse(key, "is " + shown_name(name) + ", which Fovea does not compute");
}

}  // namespace fovea
