#include "models/pipelines/model_folder.h"

#include <system_error>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "models/pipelines/recipe_of.h"

namespace fovea {

ModelSource open_model_folder(const std::filesystem::path& folder, bool with_weights, uint64_t seed) {
  std::error_code error;
  const std::filesystem::file_type type = std::filesystem::status(folder, error).type();
  if (type != std::filesystem::file_type::directory)
    fail(folder.string(), ": ",
         type == std::filesystem::file_type::not_found ? "no such folder"
         : error                                       ? error.message()
                                                       : "not a folder",
         "; a model is a folder with config.json and model.safetensors");
  ModelSource source{.folder = folder, .config = {}, .checkpoint = {}, .seed = seed};
  if (const auto text = read_text(folder / "config.json"))
    source.config.emplace(source.name("config.json"), *text);
  if (with_weights) source.checkpoint = Checkpoint::open(folder);
  return source;
}

void complete_info(ModelInfo& info, const std::filesystem::path& folder) {
  std::error_code error;  // without a working directory there is no name
  const std::filesystem::path whole = std::filesystem::absolute(folder / "", error).lexically_normal();
  if (info.id.empty()) info.id = whole.parent_path().filename().string();
  if (info.licence.empty()) info.licence = licence_of(read_text(folder / "README.md").value_or(""));
  // What a file says may reach a terminal.
  for (std::string* line : {&info.id, &info.architecture, &info.licence}) *line = on_one_line(*line);
  for (std::string& label : info.labels) label = on_one_line(label);
}

}  // namespace fovea
