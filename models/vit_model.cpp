#include "models/vit_model.h"

#include <memory>

#include "attention/base/error.h"
#include "attention/checkpoint/shown_name.h"
#include "models/vit.h"
#include "models/vit_config.h"
#include "models/vit_names.h"

namespace fovea {
namespace {

struct Described {
  VitConfig config;
  VitNames names;
  ModelInfo info;
};

// Some ViTModels were saved without the pooler that the class has.
bool holds_pooler(const ModelSource& source) {
  return !source.checkpoint || source.checkpoint->has("pooler.dense.weight") ||
         source.checkpoint->has("pooler.dense.bias");
}

Described describe(const ModelSource& source) {
  const ConfigJson config =
      source.config ? *source.config : ConfigJson(source.name("config.json"), std::string("{}"));
  Described d{{}, VitNames::timm(), {}};
  if (config.has("model_type")) {
    std::string backbone;
    d.config = vit_from_transformers(config, d.info, backbone);
    d.config.pooler = d.config.pooler && holds_pooler(source);
    d.names = VitNames::transformers(backbone);
    return d;
  }
  if (is_timm_vit(config.text("architecture"))) {
    d.config = vit_from_timm(config, d.info);
    return d;
  }
  if (!source.checkpoint)
    fail(source.folder.string(),
         ": torchvision's ViT keeps its sizes in its weights; give a model.safetensors");
  d.config = vit_from_torchvision(config, *source.checkpoint, d.info);
  d.names = VitNames::torchvision();
  return d;
}

void describe_details(const VitConfig& c, ModelInfo& info) {
  const auto sides = [](int64_t height, int64_t width) {
    return std::to_string(height) + " x " + std::to_string(width);
  };
  info.embedding = c.dim;
  info.input_height = c.image_height;
  info.input_width = c.image_width;
  info.details = {{"picture", sides(c.image_height, c.image_width)},
                  {"patch", sides(c.patch_height, c.patch_width)},
                  {"tokens", std::to_string(c.prefix() + c.rows() * c.columns())},
                  {"layers", std::to_string(c.depth)},
                  {"width", std::to_string(c.dim)},
                  {"heads", std::to_string(c.heads)},
                  {"hidden", std::to_string(c.mlp)},
                  {"classes", std::to_string(c.classes)}};
}

// The names of transformers, and beside them timm's for its own models.
std::map<std::string, Tensor> outputs_of(const Vit& vit, const ModelInfo& info, const Tensor& images,
                                         bool all) {
  Taps taps;
  const Vit::Output out = vit(images, {.taps = all ? &taps : nullptr});
  std::map<std::string, Tensor> named;
  const auto add = [&](const std::string& name, const Tensor& value) {
    if (value) named[name] = value;
  };
  add("logits", out.logits);
  add("cls_logits", info.library == "transformers" ? out.class_logits : Tensor());
  add("distillation_logits", info.library == "transformers" ? out.distillation_logits : Tensor());
  add("pooler_output", out.pooled);
  if (!out.logits || all)
    add(info.library == "timm" ? "forward_features" : "last_hidden_state", out.features);
  if (!all) return named;
  if (info.library == "timm") add("patch_embed", out.patches);
  for (size_t i = 0; i < taps.states.size(); ++i)
    add("hidden_states." + std::to_string(i), taps.states[i].value);
  for (size_t i = 0; i < taps.maps.size(); ++i) add("attentions." + std::to_string(i), taps.maps[i].value);
  return named;
}

ImageNetwork wrap(std::shared_ptr<const Vit> vit, const ModelInfo& info) {
  ImageNetwork network;
  network.info = info;
  if (vit->config().classes > 0)
    network.logits = [vit](const Tensor& images, const Pass& pass) { return vit->logits(images, pass); };
  network.embed = [vit](const Tensor& images, const Pass& pass) { return vit->embed(images, pass); };
  network.outputs = [vit, info](const Tensor& images, bool all) {
    return outputs_of(*vit, info, images, all);
  };
  network.resized = [vit, info](int64_t height, int64_t width) {
    return wrap(std::make_shared<const Vit>(vit->fitted(height, width)), info);
  };
  return network;
}

}  // namespace

bool is_vit(const ModelSource& source) {
  if (source.config) {
    const std::string type = source.config->text("model_type");
    if (!type.empty()) return type == "vit" || type == "deit";
    const std::string architecture = source.config->text("architecture");
    if (!architecture.empty()) return is_timm_vit(architecture) || is_torchvision_vit(architecture);
  }
  return source.checkpoint && matches(VitNames::torchvision().rules(), source.checkpoint->names());
}

ImageNetwork load_vit(const ModelSource& source) {
  Described d = describe(source);
  ParameterStore store =
      source.checkpoint ? ParameterStore(map_names(*source.checkpoint, d.names.rules()), Purpose::kInference)
                        : ParameterStore(source.seed, Purpose::kInference);
  std::shared_ptr<const Vit> vit;
  try {
    vit = std::make_shared<const Vit>(d.config, Weights(store));
  } catch (const Error&) {
    if (!store.gave_up()) throw;
  }
  const std::string complaints =
      store.complaints([&](const std::string& ours) { return stored_name(d.names.rules(), ours); });
  if (!complaints.empty())
    fail(source.checkpoint->path().string(), ": does not fit ", shown_name(d.info.architecture),
         " as config.json describes it: ", complaints, "; use the files of one checkpoint");
  describe_details(d.config, d.info);
  d.info.parameters = store.parameter_count();
  return wrap(vit, d.info);
}

}  // namespace fovea
