#include "models/trainable_network.h"

#include "attention/base/error.h"
#include "models/network_plan.h"
#include "models/training_plan.h"

namespace fovea {

TrainableNetwork load_trainable_network(const TrainingSource& wanted) {
  ModelSource source = open_training_source(wanted.path);
  const std::string file = source.config->file();
  const NetworkPlan known = plan_network(source);
  const bool same = take_labels(source, known.info.labels, wanted.labels, known.bound);
  const auto plan = std::make_shared<const NetworkPlan>(plan_network(source));
  if (plan->info.labels != wanted.labels)
    fail(file, ": ", plan->info.architecture, " takes no other classes; use a checkpoint with a classifier");

  TrainableNetwork result;
  take_plan(result, source, plan, wanted.tuning, same);
  const ImageNetwork network = build_network(*plan, *result.store, wanted.path.string());
  expect_finite(*result.store, wanted.path.string());
  result.info = network.info;
  result.logits = network.logits;
  result.embed = network.embed;
  result.inference = [plan, file](const std::map<std::string, Tensor>& ours) {
    ParameterStore store(as_stored(ours), Purpose::kInference);
    return build_network(*plan, store, file);
  };
  result.fit = plan->fit;
  if (plan->prepare && !result.from_checkpoint)
    result.prepare = [plan, store = result.store](const Tensor& images) { plan->prepare(*store, images); };
  return result;
}

}  // namespace fovea
