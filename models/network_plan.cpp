#include "models/network_plan.h"

#include "attention/base/error.h"
#include "attention/checkpoint/shown_name.h"

namespace fovea {

ImageNetwork build_network(const NetworkPlan& plan, ParameterStore& store, const std::string& file) {
  ImageNetwork network;
  try {
    network = plan.build(Weights(store), plan.info);
  } catch (const Error&) {
    if (!store.gave_up()) throw;
  }
  const std::string complaints =
      store.complaints([&](const std::string& ours) { return stored_name(plan.names->rules(), ours); });
  if (!complaints.empty())
    fail(file, ": does not fit ", shown_name(plan.info.architecture),
         " as config.json describes it: ", complaints, "; use the files of one checkpoint");
  network.info.parameters = store.parameter_count();
  return network;
}

ImageNetwork load_image_network(const ModelSource& source) {
  const NetworkPlan plan = plan_network(source);
  if (!source.checkpoint) {
    ParameterStore store(source.seed, Purpose::kInference);
    return build_network(plan, store, "");
  }
  ParameterStore store(map_names(*source.checkpoint, plan.names->rules()), Purpose::kInference);
  return build_network(plan, store, source.checkpoint->path().string());
}

}  // namespace fovea
