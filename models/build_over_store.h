#pragma once
#include <string>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "attention/checkpoint/name_map.h"
#include "attention/nn/weights.h"
#include "models/image_network.h"

namespace fovea {

// What plan.build makes over the store; fails with the parameters that do not fit. `Plan` is a NetworkPlan or
// a DetectorPlan.
template <class Plan>
auto build_over(const Plan& plan, ParameterStore& store, const std::string& file) {
  decltype(plan.build(Weights(store), plan.info)) network;
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

// The same over the checkpoint if there is one.
template <class Plan>
auto build_from(const Plan& plan, const ModelSource& source, Purpose purpose = Purpose::kInference) {
  if (!source.checkpoint) {
    ParameterStore store(source.seed, purpose);
    return build_over(plan, store, "");
  }
  ParameterStore store(map_names(*source.checkpoint, plan.names->rules()), purpose);
  return build_over(plan, store, source.checkpoint->path().string());
}

}  // namespace fovea
