#include "models/network_plan.h"

#include "models/build_over_store.h"

namespace fovea {

ImageNetwork build_network(const NetworkPlan& plan, ParameterStore& store, const std::string& file) {
  return build_over(plan, store, file);
}

ImageNetwork load_image_network(const ModelSource& source) {
  return build_from(plan_network(source), source);
}

}  // namespace fovea
