#include "models/conditional_detr_model.h"
#include "models/dab_detr_model.h"
#include "models/deformable_detr_model.h"
#include "models/detection_network.h"
#include "models/detr_model.h"
#include "models/family.h"
#include "models/network_plan.h"
#include "models/yolos_model.h"

namespace fovea {
namespace {

// One line a family.
constexpr Family<DetectorPlan> kFamilies[] = {
    {"transformers' detr and table-transformer, and the original detr_resnet50 and its kin", is_detr,
     plan_detr},
    {"transformers' yolos", is_yolos, plan_yolos},
    {"transformers' deformable_detr", is_deformable_detr, plan_deformable_detr},
    {"transformers' conditional_detr", is_conditional_detr, plan_conditional_detr},
    {"transformers' dab-detr", is_dab_detr, plan_dab_detr},
};

}  // namespace

bool is_detector(const ModelSource& source) {
  return is_of(kFamilies, source);
}

DetectorPlan plan_detector(const ModelSource& source) {
  return plan_of(kFamilies, source,
                 {is_image_network, "the model is a classifier, not a detector; use `fovea classify`, `train classify` or `eval classify`"});
}

}  // namespace fovea
