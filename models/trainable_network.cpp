#include "models/trainable_network.h"

#include "attention/base/error.h"
#include "models/network_plan.h"
#include "models/relabel.h"
#include "models/text_file.h"

namespace fovea {
namespace {

ModelSource open_source(const std::filesystem::path& path) {
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

ParameterMap as_stored(const std::map<std::string, Tensor>& ours) {
  ParameterMap map;
  for (const auto& [name, value] : ours)
    map[name] = {value.shape(), [value = value] { return value.clone(); }, name};
  return map;
}

}  // namespace

TrainableNetwork load_trainable_network(const TrainingSource& wanted) {
  ModelSource source = open_source(wanted.path);
  const std::vector<std::string> known = plan_network(source).info.labels;
  const std::string file = source.config->file();
  TrainableNetwork result;
  FineTuning tuning = wanted.tuning;
  result.config = known == wanted.labels ? source.config->json().dump(2) + "\n"
                                         : relabelled(*source.config, wanted.labels);
  source.config.emplace(file, result.config);
  const auto plan = std::make_shared<const NetworkPlan>(plan_network(source));
  if (plan->info.labels != wanted.labels)
    fail(file, ": ", plan->info.architecture, " takes no other classes; use a checkpoint with a classifier");
  tuning.frozen.insert(tuning.frozen.end(), plan->fixed.begin(), plan->fixed.end());
  if (known != wanted.labels) tuning.fresh.insert(tuning.fresh.end(), plan->heads.begin(), plan->heads.end());

  result.from_checkpoint = source.checkpoint.has_value();
  const std::map<std::string, Shape> shapes =
      source.checkpoint ? source.checkpoint->shapes() : plan->stored_shapes;
  result.store = source.checkpoint ? std::make_shared<ParameterStore>(
                                         map_names(*source.checkpoint, plan->names->rules()), tuning)
                                   : std::make_shared<ParameterStore>(tuning);
  const ImageNetwork network = build_network(*plan, *result.store, wanted.path.string());
  result.info = network.info;
  result.logits = network.logits;
  result.embed = network.embed;
  result.heads = plan->heads;
  result.stored = [plan, shapes](const std::map<std::string, Tensor>& ours) {
    return to_stored(plan->names->rules(), ours, shapes);
  };
  result.inference = [plan, file](const std::map<std::string, Tensor>& ours) {
    ParameterStore store(as_stored(ours), Purpose::kInference);
    return build_network(*plan, store, file);
  };
  if (plan->prepare && !result.from_checkpoint)
    result.prepare = [plan, store = result.store](const Tensor& images) { plan->prepare(*store, images); };
  return result;
}

}  // namespace fovea
