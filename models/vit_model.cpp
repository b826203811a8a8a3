#include "models/vit_model.h"

#include <memory>

#include "attention/base/error.h"
#include "models/vit.h"
#include "models/vit_config.h"
#include "models/vit_names.h"

namespace fovea {
namespace {

// Some ViTModels were saved without the pooler that the class has.
bool holds_pooler(const ModelSource& source) {
  return !source.checkpoint || source.checkpoint->has("pooler.dense.weight") ||
         source.checkpoint->has("pooler.dense.bias");
}

// Which library's names and config these are.
VitConfig describe(const ModelSource& source, ModelInfo& info, NameTable& names) {
  const ConfigJson config =
      source.config ? *source.config : ConfigJson(source.name("config.json"), std::string("{}"));
  if (config.has("model_type")) {
    std::string backbone;
    VitConfig vit = vit_from_transformers(config, info, backbone);
    vit.pooler = vit.pooler && holds_pooler(source);
    names = transformers_vit_names(backbone, vit.pool == VitConfig::Pool::kBothTokens);
    return vit;
  }
  if (is_timm_vit(config.text("architecture"))) {
    names = timm_vit_names();
    return vit_from_timm(config, info);
  }
  if (!source.checkpoint)
    fail(source.folder.string(),
         ": torchvision's ViT keeps its sizes in its weights; give a model.safetensors");
  names = torchvision_vit_names();
  return vit_from_torchvision(config, *source.checkpoint, info);
}

// All three libraries keep a batch axis of one, and patches as a convolution.
std::map<std::string, Shape> stored_shapes(const VitConfig& c, const NameTable& names) {
  const auto stored = [&](const char* ours) { return stored_name(names.rules(), ours); };
  return {{stored("class_token"), {1, 1, c.dim}},
          {stored("distillation_token"), {1, 1, c.dim}},
          {stored("position"), {1, c.prefix() + c.rows() * c.columns(), c.dim}},
          {stored("patch_embed.weight"), {c.dim, c.channels, c.patch_height, c.patch_width}}};
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
  for (size_t i = 0; i < taps.maps.size(); ++i)
    add("attentions." + std::to_string(i), taps.maps[i].weights());
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
  network.layout = [vit](int64_t height, int64_t width) {
    const VitConfig& c = vit->config();
    return TokenLayout{.before = c.prefix(),
                       .rows = height / c.patch_height,
                       .columns = width / c.patch_width,
                       .height = height - height % c.patch_height,
                       .width = width - width % c.patch_width,
                       .reader = c.pool == VitConfig::Pool::kMean ? -1 : 0};
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
  return source.checkpoint && matches(torchvision_vit_names().rules(), source.checkpoint->names());
}

NetworkPlan plan_vit(const ModelSource& source) {
  NetworkPlan plan;
  auto names = std::make_shared<NameTable>();
  const VitConfig config = describe(source, plan.info, *names);
  describe_details(config, plan.info);
  plan.stored_shapes = stored_shapes(config, *names);
  plan.names = std::move(names);
  plan.heads = {"head", "distillation_head"};
  plan.build = [config](const Weights& w, const ModelInfo& info) {
    return wrap(std::make_shared<const Vit>(config, w), info);
  };
  plan.fit = [config](std::map<std::string, Tensor>& ours, int64_t height, int64_t width) {
    Tensor& position = ours.at("position");
    position = fitted_positions(config, position, height / config.patch_height, width / config.patch_width);
  };
  return plan;
}

}  // namespace fovea
