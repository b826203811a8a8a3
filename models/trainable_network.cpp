#include "models/trainable_network.h"

#include "attention/base/error.h"
#include "models/network_plan.h"

namespace fovea {

TrainableNetwork load_trainable_network(const TrainingSource& wanted) {
  ModelSource source = open_training_source(wanted.path);
  const std::string file = source.config->file();
  const bool same = take_labels(source, plan_network(source).info.labels, wanted.labels);
  const auto plan = std::make_shared<const NetworkPlan>(plan_network(source));
  if (plan->info.labels != wanted.labels)
    fail(file, ": ", plan->info.architecture, " takes no other classes; use a checkpoint with a classifier");
  FineTuning tuning = wanted.tuning;
  tuning.frozen.insert(tuning.frozen.end(), plan->fixed.begin(), plan->fixed.end());
  if (!same) tuning.fresh.insert(tuning.fresh.end(), plan->heads.begin(), plan->heads.end());

  TrainableNetwork result;
  result.config = source.config->json().dump(2) + "\n";
  result.from_checkpoint = source.checkpoint.has_value();
  result.store = training_store(source, *plan->names, tuning);
  const ImageNetwork network = build_network(*plan, *result.store, wanted.path.string());
  result.info = network.info;
  result.logits = network.logits;
  result.embed = network.embed;
  result.heads = plan->heads;
  result.stored = [plan, shapes = source.checkpoint ? source.checkpoint->shapes() : plan->stored_shapes](
                      const std::map<std::string, Tensor>& ours) {
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
