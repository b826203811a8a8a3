#include "models/trainable_model.h"

#include <cmath>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "models/relabel.h"
#include "models/text_file.h"

namespace fovea {

ModelSource open_training_source(const std::filesystem::path& path) {
  std::error_code error;
  const bool folder = std::filesystem::is_directory(path, error);
  if (!folder && !std::filesystem::is_regular_file(path, error))
    fail(path.string(),
         ": no such folder or config.json; give a checkpoint folder, or a config.json to start from");
  ModelSource source{.folder = folder ? path : path.parent_path(), .config = {}, .checkpoint = {}};
  const std::filesystem::path file = folder ? path / "config.json" : path;
  const auto text = read_text(file);
  if (!text) fail(file.string(), ": not found; training needs the model's config.json");
  source.config.emplace(file.string(), *text);
  if (folder) source.checkpoint = Checkpoint::open(path);
  return source;
}

bool take_labels(ModelSource& source, const std::vector<std::string>& known,
                 const std::vector<std::string>& wanted, const std::vector<std::string>& bound) {
  const bool same = known == wanted;
  if (same && !source.config->has("problem_type")) return true;  // that may say: several classes a picture
  const std::string file = source.config->file();
  const bool other_classes = !same && (source.checkpoint || source.config->has("id2label"));
  const std::string text =
      relabelled(*source.config, wanted, other_classes ? bound : std::vector<std::string>{});
  source.config.emplace(file, text);
  return same;
}

std::shared_ptr<ParameterStore> training_store(const ModelSource& source, const NameTable& names,
                                               const FineTuning& tuning) {
  if (!source.checkpoint) return std::make_shared<ParameterStore>(tuning);
  return std::make_shared<ParameterStore>(map_names(*source.checkpoint, names.rules()), tuning);
}

void expect_finite(const ParameterStore& store, const std::string& file) {
  for (const auto& [name, value] : store.state())
    for (const float v : value.values())
      if (!std::isfinite(v))
        fail(file, ": ", shown_name(name), " holds ", v,
             ", from which nothing can be learnt; use another checkpoint");
}

ParameterMap as_stored(const std::map<std::string, Tensor>& ours) {
  ParameterMap map;
  for (const auto& [name, value] : ours)
    map[name] = {value.shape(), [value = value] { return value.clone(); }, name};
  return map;
}

}  // namespace fovea
