#include "models/foveanet_model.h"

#include <algorithm>
#include <tuple>

#include "attention/base/error.h"
#include "models/class_labels.h"
#include "models/foveanet.h"

namespace fovea {
namespace {

constexpr const char* kArchitecture = "FoveaNetForImageClassification";
// A checkpoint of ours has our names.
constexpr NameRule kNames[] = {{"stem.", "stem."},     {"stages.", "stages."}, {"non_local.", "non_local."},
                               {"layers.", "layers."}, {"norm.", "norm."},     {"head.", "head."}};

std::vector<int64_t> sizes_at(const ConfigJson& config, const char* key, int64_t least, int64_t most) {
  const nlohmann::json& list = config.has(key) ? config.json().at(key) : nlohmann::json::array();
  if (!list.is_array() || list.empty() || list.size() > 6)
    config.refuse(key, "is not a list of 1 to 6 sizes");
  std::vector<int64_t> sizes;
  for (const nlohmann::json& size : list) {
    if (!size.is_number_integer() || size.get<int64_t>() < least || size.get<int64_t>() > most)
      config.refuse(key, "has " + size.dump() + ", not a size from " + std::to_string(least) + " to " +
                             std::to_string(most));
    sizes.push_back(size.get<int64_t>());
  }
  return sizes;
}

int64_t bounded(const ConfigJson& config, const char* key, int64_t absent, int64_t least, int64_t most) {
  const int64_t size = config.size(key, absent, least);
  if (size > most) config.refuse(key, "is " + std::to_string(size) + ", above " + std::to_string(most));
  return size;
}

FoveaNetConfig read_config(const ConfigJson& config) {
  constexpr int64_t kWidest = 4096;
  FoveaNetConfig c;
  std::tie(c.image_height, c.image_width) = config.sides("image_size", c.image_height);
  const auto [shorter, longer] = std::minmax(c.image_height, c.image_width);
  if (longer > 8192) config.refuse("image_size", "is " + std::to_string(longer) + ", above 8192");
  c.stem_width = bounded(config, "stem_width", c.stem_width, 1, kWidest);
  c.whitened_stem = config.flag("whitened_stem", c.whitened_stem);
  if (c.whitened_stem && (c.stem_width % 2 != 0 || c.stem_width > 54))
    config.refuse("stem_width",
                  "is " + std::to_string(c.stem_width) + "; a whitened stem has an even number up to 54");
  const std::vector<int64_t> widths = sizes_at(config, "stage_widths", 1, kWidest);
  const std::vector<int64_t> blocks = sizes_at(config, "stage_blocks", 0, 64);
  if (widths.size() != blocks.size()) config.refuse("stage_blocks", "has not one number a stage");
  c.stages.clear();
  for (size_t i = 0; i < widths.size(); ++i) c.stages.push_back({widths[i], blocks[i]});
  c.squeeze_reduction = bounded(config, "squeeze_reduction", c.squeeze_reduction, 1, kWidest);
  c.non_local_stage = bounded(config, "non_local_stage", 0, 0, static_cast<int64_t>(widths.size()));
  c.attention_layers = bounded(config, "attention_layers", c.attention_layers, 0, 64);
  c.attention_mlp = bounded(config, "attention_mlp", c.attention_mlp, 1, 4 * kWidest);
  c.heads = static_cast<int>(bounded(config, "attention_heads", c.heads, 1, kWidest));
  c.views.mirrored = config.flag("mirror_average", c.views.mirrored);
  c.views.shift = bounded(config, "shift_average", c.views.shift, 0, 64);
  if (c.views.shift >> widths.size() > 0)
    config.refuse("shift_average",
                  "is " + std::to_string(c.views.shift) + ", not less than a position of the last stage");
  if (widths.back() % c.heads != 0)
    config.refuse("attention_heads", "does not divide the last stage's width");
  if (shorter >> widths.size() < 1) config.refuse("image_size", "is too small for so many stages");
  return c;
}

std::string joined(const std::vector<FoveaNetConfig::Stage>& stages) {
  std::string text;
  for (const FoveaNetConfig::Stage& s : stages)
    text += (text.empty() ? "" : ", ") + std::to_string(s.width) + " x " + std::to_string(s.blocks);
  return text;
}

std::string described(const Views& views) {
  std::string text = std::to_string((views.mirrored ? 2 : 1) * (views.shift > 0 ? 3 : 1));
  if (views.mirrored) text += ", mirrored";
  if (views.shift > 0) text += ", moved by " + std::to_string(views.shift);
  return text;
}

ModelInfo describe(const ConfigJson& config, const FoveaNetConfig& c) {
  ModelInfo info;
  info.id = config.text("_name_or_path");
  info.architecture = kArchitecture;
  info.library = "fovea";
  info.licence = config.text("license");
  info.embedding = c.stages.back().width;
  info.input_height = c.image_height;
  info.input_width = c.image_width;
  info.labels =
      config.has("id2label") ? labels_at(config, "id2label", c.classes) : numbered_labels(c.classes);
  info.details = {{"picture", std::to_string(c.image_height) + " x " + std::to_string(c.image_width)},
                  {"stem", std::to_string(c.stem_width)},
                  {"stages, width x blocks", joined(c.stages)},
                  {"non-local after stage", std::to_string(c.non_local_stage)},
                  {"attention layers", std::to_string(c.attention_layers)},
                  {"heads", std::to_string(c.heads)},
                  {"classes", std::to_string(c.classes)},
                  {"views of a picture", described(c.views)}};
  return info;
}

std::map<std::string, Tensor> outputs_of(const FoveaNet& net, const Tensor& images, bool all) {
  Taps taps;
  std::map<std::string, Tensor> named{{"logits", net.logits(images, {.taps = all ? &taps : nullptr})}};
  for (const State& state : taps.states) named[state.name] = state.value;
  for (const AttentionMap& map : taps.maps) named[map.name] = map.weights();
  return named;
}

ImageNetwork wrap(std::shared_ptr<const FoveaNet> net, const ModelInfo& info) {
  ImageNetwork network;
  network.info = info;
  network.logits = [net](const Tensor& images, const Pass& pass) { return net->logits(images, pass); };
  network.embed = [net](const Tensor& images, const Pass& pass) { return net->embed(images, pass); };
  network.outputs = [net](const Tensor& images, bool all) { return outputs_of(*net, images, all); };
  network.layout = [stages = net->config().stages.size()](int64_t height, int64_t width) {
    return TokenLayout{.rows = height >> stages, .columns = width >> stages, .reader = -1};
  };
  network.resized = [net, info](int64_t, int64_t) { return wrap(net, info); };  // takes any
  return network;
}

void whiten_stem(const ParameterStore& store, const Tensor& images) {
  for (Parameter p : store.state()) {
    if (p.name != "stem.weight") continue;
    const Tensor filters = whitening_filters(images, p.value.dim(0));
    std::copy_n(filters.data(), filters.count(), p.value.mutable_data());
  }
}

}  // namespace

bool is_foveanet(const ModelSource& source) {
  return source.config && source.config->text("model_type") == "foveanet";
}

NetworkPlan plan_foveanet(const ModelSource& source) {
  const ConfigJson& json = *source.config;
  FoveaNetConfig config = read_config(json);
  config.classes = json.has("id2label") ? static_cast<int64_t>(json.at("id2label").json().size())
                                        : json.size("num_labels", config.classes);
  if (config.classes < 1) json.refuse("id2label", "names no class");
  NetworkPlan plan;
  plan.info = describe(json, config);
  auto names = std::make_shared<NameTable>();
  names->add(kNames);
  plan.names = std::move(names);
  plan.heads = {"head"};
  plan.bound = {"mirror_average", "shift_average"};  // a hand mirrored is another hand
  plan.build = [config](const Weights& w, const ModelInfo& info) {
    return wrap(std::make_shared<const FoveaNet>(config, w), info);
  };
  if (!config.whitened_stem) return plan;
  plan.fixed = {"stem.weight"};
  plan.prepare = whiten_stem;
  return plan;
}

}  // namespace fovea
