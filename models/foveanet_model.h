#pragma once
#include "models/network_plan.h"

namespace fovea {

// Our own network for small pictures: config.json with model_type "foveanet".
bool is_foveanet(const ModelSource& source);
NetworkPlan plan_foveanet(const ModelSource& source);

}  // namespace fovea
