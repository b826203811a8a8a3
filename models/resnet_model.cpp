#include "models/resnet_model.h"

#include <memory>

#include "attention/base/error.h"
#include "attention/ops/pool.h"
#include "attention/ops/reorder.h"
#include "models/resnet.h"
#include "models/resnet_config.h"
#include "models/resnet_names.h"

namespace fovea {
namespace {

std::string joined(const std::vector<ResNetConfig::Stage>& stages) {
  std::string text;
  for (const ResNetConfig::Stage& s : stages)
    text += (text.empty() ? "" : ", ") + std::to_string(s.width) + " x " + std::to_string(s.blocks);
  return text;
}

void describe_details(const ResNetConfig& c, ModelInfo& info) {
  info.embedding = c.stages.back().width;
  info.details = {{"picture", std::to_string(info.input_height) + " x " + std::to_string(info.input_width)},
                  {"stem", std::to_string(c.stem.back())},
                  {"stages, width x blocks", joined(c.stages)},
                  {"block", c.bottleneck ? "bottleneck" : "basic"},
                  {"classes", std::to_string(c.classes)}};
}

// The names and shapes of transformers, and timm's for the features of its own models.
std::map<std::string, Tensor> outputs_of(const ResNet& net, const ModelInfo& info, const Tensor& images,
                                         bool all) {
  const std::vector<Tensor> maps = net.maps(images);
  const Tensor pooled = global_average_pool(maps.back());
  std::map<std::string, Tensor> named;
  if (net.config().classes > 0) named["logits"] = net.classify(pooled);
  if (net.config().classes == 0 || all) {
    named[info.library == "timm" ? "forward_features" : "last_hidden_state"] = channels_first(maps.back());
    named["pooler_output"] = reshape(pooled, {pooled.dim(0), pooled.dim(1), 1, 1});
  }
  for (size_t i = 0; all && i < maps.size(); ++i)
    named["hidden_states." + std::to_string(i)] = channels_first(maps[i]);
  return named;
}

ImageNetwork wrap(std::shared_ptr<const ResNet> net, const ModelInfo& info) {
  ImageNetwork network;
  network.info = info;
  if (net->config().classes > 0)
    network.logits = [net](const Tensor& images, const Pass& pass) { return net->logits(images, pass); };
  network.embed = [net](const Tensor& images, const Pass& pass) { return net->embed(images, pass); };
  network.outputs = [net, info](const Tensor& images, bool all) {
    return outputs_of(*net, info, images, all);
  };
  network.resized = [net, info](int64_t, int64_t) { return wrap(net, info); };  // takes any
  return network;
}

constexpr const char* kTorchvision = "torchvision_resnet";

// Which library's names and config these are.
ResNetConfig describe(const ModelSource& source, ModelInfo& info, NameTable& names) {
  const ConfigJson config =
      source.config ? *source.config : ConfigJson(source.name("config.json"), std::string("{}"));
  if (config.has("model_type")) {
    std::string backbone;
    ResNetConfig c = resnet_from_transformers(config, info, backbone);
    names = transformers_resnet_names(backbone);
    return c;
  }
  if (is_timm_resnet(config.text("architecture"))) {
    ResNetConfig c = resnet_from_timm(config, info);
    names = timm_resnet_names(c.stem.size() > 1);
    return c;
  }
  if (!source.checkpoint)
    fail(source.folder.string(),
         ": torchvision's ResNet keeps its sizes in its weights; give a model.safetensors");
  names = torchvision_resnet_names();
  return resnet_from_torchvision(config, *source.checkpoint, info);
}

}  // namespace

bool is_resnet(const ModelSource& source) {
  if (source.config) {
    const std::string type = source.config->text("model_type");
    if (!type.empty()) return type == "resnet";
    const std::string architecture = source.config->text("architecture");
    if (!architecture.empty()) return is_timm_resnet(architecture) || architecture == kTorchvision;
  }
  return source.checkpoint && matches(torchvision_resnet_names().rules(), source.checkpoint->names());
}

NetworkPlan plan_resnet(const ModelSource& source) {
  NetworkPlan plan;
  auto names = std::make_shared<NameTable>();
  const ResNetConfig config = describe(source, plan.info, *names);
  describe_details(config, plan.info);
  plan.names = std::move(names);
  plan.heads = {"head"};
  plan.build = [config](const Weights& w, const ModelInfo& info) {
    return wrap(std::make_shared<const ResNet>(config, w), info);
  };
  return plan;
}

}  // namespace fovea
