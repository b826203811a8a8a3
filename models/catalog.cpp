#include "attention/base/error.h"
#include "attention/checkpoint/shown_name.h"
#include "models/foveanet_model.h"
#include "models/network_plan.h"
#include "models/resnet_model.h"
#include "models/vit_model.h"

namespace fovea {
namespace {

struct Family {
  const char* names;  // what may stand in config.json
  bool (*is)(const ModelSource& source);
  NetworkPlan (*plan)(const ModelSource& source);
};

// One line a family.
constexpr Family kFamilies[] = {
    {"transformers' vit and deit, timm's vit_<size>_patch<P>_<image> and deit_..., torchvision's vit_b_16",
     is_vit, plan_vit},
    {"our foveanet", is_foveanet, plan_foveanet},
    {"transformers', timm's and torchvision's resnet18 to resnet152, timm's resnet50d", is_resnet,
     plan_resnet},
};

std::string known() {
  std::string names;
  for (const Family& family : kFamilies) names += (names.empty() ? "" : ", ") + std::string(family.names);
  return names;
}

[[noreturn]] void fail_unknown(const ModelSource& source) {
  if (!source.config)
    fail(source.folder.string(), ": no config.json, and the tensors' names fit no model that Fovea builds (",
         known(), "); put the checkpoint's config.json beside its weights");
  const char* const key = source.config->has("model_type") ? "model_type" : "architecture";
  if (!source.config->has(key))
    fail(source.config->file(), ": neither model_type nor architecture says what the model is; Fovea builds ",
         known());
  fail(source.config->file(), ": ", key, " ", shown_name(source.config->text(key)),
       " is a variant that Fovea does not build; it builds ", known());
}

bool names_folder(std::string_view line, const std::string& folder) {
  if (!line.starts_with(folder)) return false;
  line.remove_prefix(folder.size());
  return folder.ends_with('/') || line.starts_with('/') || line.starts_with(": ");
}

}  // namespace

NetworkPlan plan_network(const ModelSource& source) {
  try {
    for (const Family& family : kFamilies)
      if (family.is(source)) return family.plan(source);
    fail_unknown(source);
  } catch (const Error& error) {
    const std::string folder = source.folder.string();
    if (names_folder(error.what(), folder)) throw;
    fail(folder, ": ", error.what());
  }
}

}  // namespace fovea
