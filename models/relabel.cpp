#include "models/relabel.h"

namespace fovea {

std::string relabelled(const ConfigJson& config, const std::vector<std::string>& labels,
                       const std::vector<std::string>& bound) {
  nlohmann::json json = config.json();
  for (const std::string& key : bound) json.erase(key);
  if (config.has("model_type")) {
    nlohmann::json names = nlohmann::json::object(), ids = nlohmann::json::object();
    for (size_t i = 0; i < labels.size(); ++i) {
      names[std::to_string(i)] = labels[i];
      ids[labels[i]] = i;
    }
    json["id2label"] = names;
    json["label2id"] = ids;
    for (const char* key : {"num_labels", "problem_type"}) json.erase(key);
  } else {
    json["num_classes"] = labels.size();
    json["label_names"] = labels;
    json.erase("labels");
    if (json.contains("model_args") && json["model_args"].is_object())
      json["model_args"].erase("num_classes");
  }
  return json.dump(2) + "\n";
}

}  // namespace fovea
