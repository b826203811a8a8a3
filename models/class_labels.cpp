#include "models/class_labels.h"

#include <charconv>

#include "attention/base/shown_name.h"

namespace fovea {

int64_t class_of(const std::string& key, int64_t classes) {
  int64_t index = -1;
  const char* const end = key.data() + key.size();
  const auto [rest, error] = std::from_chars(key.data(), end, index);
  return error == std::errc() && rest == end && index >= 0 && index < classes ? index : -1;
}

std::vector<std::string> numbered_labels(int64_t classes) {
  std::vector<std::string> labels;
  for (int64_t i = 0; i < classes; ++i) labels.push_back("LABEL_" + std::to_string(i));
  return labels;
}

std::vector<std::string> labels_at(const ConfigJson& config, const char* key, int64_t classes) {
  const nlohmann::json& names = config.json().at(key);
  if (!names.is_structured()) config.refuse(key, "is neither a list nor an object");
  if (names.is_array() && static_cast<int64_t>(names.size()) != classes)
    config.refuse(key, "has " + std::to_string(names.size()) + " names for " + std::to_string(classes) +
                           (classes == 1 ? " class" : " classes"));
  std::vector<std::string> labels = numbered_labels(classes);
  int64_t next = 0;
  for (const auto& [name, value] : names.items()) {
    const int64_t index = names.is_array() ? next++ : class_of(name, classes);
    if (index < 0)
      config.refuse(key, "names " + shown_name(name) + ", which is none of " + std::to_string(classes) +
                             (classes == 1 ? " class" : " classes"));
    if (!value.is_string()) config.refuse(key, "has a name that is not a string");
    labels[static_cast<size_t>(index)] = value.get<std::string>();
  }
  return labels;
}

}  // namespace fovea
