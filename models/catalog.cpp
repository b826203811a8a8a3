#include "models/detection_network.h"
#include "models/family.h"
#include "models/foveanet_model.h"
#include "models/network_plan.h"
#include "models/resnet_model.h"
#include "models/vit_model.h"

namespace fovea {
namespace {

// One line a family.
constexpr Family<NetworkPlan> kFamilies[] = {
    {"transformers' vit and deit, timm's vit_<size>_patch<P>_<image> and deit_..., torchvision's vit_b_16",
     is_vit, plan_vit},
    {"our foveanet", is_foveanet, plan_foveanet},
    {"transformers', timm's and torchvision's resnet18 to resnet152, timm's resnet50d", is_resnet,
     plan_resnet},
};

}  // namespace

bool is_image_network(const ModelSource& source) {
  return is_of(kFamilies, source);
}

NetworkPlan plan_network(const ModelSource& source) {
  return plan_of(kFamilies, source,
                 {is_detector, "the model is a detector, not a classifier; use `fovea detect`, `train detect` or `eval detect`"});
}

}  // namespace fovea
