#include "models/timm_config.h"

#include <algorithm>
#include <array>

#include "attention/base/shown_name.h"
#include "models/class_labels.h"

namespace fovea {

void timm_refuse_other_args(const ConfigJson& args, std::span<const char* const> known,
                            std::span<const TimmOnly> only, const char* family) {
  for (const auto& [key, value] : args.json().items())
    if (!value.is_null() && std::ranges::find(known, key) == known.end() &&
        std::ranges::none_of(only, [&](const TimmOnly& o) { return key == o.key && value.dump() == o.json; }))
      args.refuse("model_args",
                  "has " + shown_name(key) + ", not among what Fovea computes for timm's " + family);
}

std::optional<TimmInputSize> timm_input_size(const ConfigJson& pretrained) {
  if (!pretrained.has("input_size")) return std::nullopt;
  const nlohmann::json& input = pretrained.json().at("input_size");
  if (!input.is_array() || input.size() != 3 ||
      !std::all_of(input.begin(), input.end(), [](const auto& size) { return size.is_number_integer(); }))
    pretrained.refuse("input_size", "is not [channels, height, width]");
  return TimmInputSize{input[0].get<int64_t>(), input[1].get<int64_t>(), input[2].get<int64_t>()};
}

int64_t timm_classes(const ConfigJson& config, const ConfigJson& args, const ConfigJson& pretrained) {
  return args.size("num_classes", config.size("num_classes", pretrained.size("num_classes", 1000, 0), 0), 0);
}

std::vector<std::string> timm_labels(const ConfigJson& config, const ConfigJson& pretrained,
                                     int64_t classes) {
  constexpr std::array kKeys = {"label_names", "labels"};  // the latter until 2023
  if (classes == 0) return {};
  for (const char* key : kKeys)
    if (config.has(key)) return labels_at(config, key, classes);
  for (const char* key : kKeys) {
    if (!pretrained.has(key)) continue;
    const nlohmann::json& names = pretrained.json().at(key);
    if (!names.is_structured() || static_cast<int64_t>(names.size()) == classes)
      return labels_at(pretrained, key, classes);
  }
  return numbered_labels(classes);
}

}  // namespace fovea
