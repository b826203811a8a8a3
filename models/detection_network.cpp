#include "models/detection_network.h"

#include "models/build_over_store.h"

namespace fovea {

DetectionNetwork build_detector(const DetectorPlan& plan, ParameterStore& store, const std::string& file) {
  return build_over(plan, store, file);
}

DetectionNetwork load_detector(const ModelSource& source) {
  return build_from(plan_detector(source), source);
}

}  // namespace fovea
