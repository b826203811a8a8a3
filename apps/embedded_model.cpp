#include "apps/embedded_model.h"

#include <filesystem>

#include "apps/exit_code.h"
#include "attention/base/nearest_name.h"

namespace fovea {

std::string embedded_model(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) return "";
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path folder = program.parent_path().parent_path() / FOVEA_MODELS_FROM_PREFIX / name;
  if (!std::filesystem::is_regular_file(folder / "model.safetensors", error)) return "";
  return std::filesystem::canonical(folder, error).string();
}

std::string model_path(const std::string& given) {
  std::error_code error;
  if (std::filesystem::exists(given, error)) return given;
  const std::string embedded = embedded_model(given);
  return embedded.empty() ? given : embedded;
}

std::string existing_model(const std::string& given) {
  const std::string path = model_path(given);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path;
  const std::string near = nearest_name(given, {kEmbeddedClassifier, kEmbeddedDetector});
  if (!near.empty()) fail_with(kModelUnusable, given, ": no such folder; did you mean '", near, "'?");
  return path;
}

}  // namespace fovea
