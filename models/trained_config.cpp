#include "models/trained_config.h"

#include <nlohmann/json.hpp>

namespace fovea {

std::string trained_config(const std::string& config, Dtype dtype) {
  nlohmann::json json = nlohmann::json::parse(config);
  json.erase("_name_or_path");
  const char* const key = json.contains("dtype") ? "dtype" : "torch_dtype";
  const bool told = json.contains(key) || dtype != Dtype::kF32;  // F32 is what is taken where nothing is said
  if (told && json.contains("model_type"))                       // timm's configs say nothing of it
    json[key] = dtype == Dtype::kF32 ? "float32" : dtype == Dtype::kF16 ? "float16" : "bfloat16";
  return json.dump(2) + "\n";
}

}  // namespace fovea
