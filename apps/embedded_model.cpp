#include "apps/embedded_model.h"

#include <filesystem>

namespace fovea {

std::string embedded_model(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) return "";
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path places[] = {program.parent_path().parent_path() / FOVEA_MODELS_FROM_PREFIX,
                                          FOVEA_SOURCE_DATA};
  for (const std::filesystem::path& place : places)
    if (std::filesystem::is_regular_file(place / name / "model.safetensors", error))
      return (place / name).lexically_normal().string();
  return "";
}

std::string model_path(const std::string& given) {
  std::error_code error;
  if (std::filesystem::exists(given, error)) return given;
  const std::string embedded = embedded_model(given);
  return embedded.empty() ? given : embedded;
}

}  // namespace fovea
