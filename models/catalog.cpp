#include "attention/base/error.h"
#include "models/config_json.h"
#include "models/image_network.h"
#include "models/vit_model.h"

namespace fovea {
namespace {

struct Family {
  const char* name;
  bool (*is)(const ModelSource& source);
  ImageNetwork (*load)(const ModelSource& source);
};

// One line a family.
constexpr Family kFamilies[] = {
    {"ViT and DeiT", is_vit, load_vit},
};

}  // namespace

ImageNetwork load_image_network(const ModelSource& source) {
  std::string known;
  for (const Family& family : kFamilies) {
    if (family.is(source)) return family.load(source);
    known += std::string(known.empty() ? "" : ", ") + family.name;
  }
  if (source.config.empty())
    fail(source.folder.string(), ": no config.json, and the tensors' names fit no family that Fovea builds (",
         known, "); put the checkpoint's config.json beside its weights");
  const ConfigJson config(source.name("config.json"), source.config);
  const char* key = config.has("model_type") ? "model_type" : "architecture";
  fail(source.name("config.json"), ": ", key, " '", config.text(key), "' is not one that Fovea builds (",
       known, ")");
}

}  // namespace fovea
