#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

#include "attention/base/shown_name.h"
#include "models/timm_config.h"
#include "models/vit_config.h"

namespace fovea {
namespace {

struct TimmSize {
  std::string_view name;
  int64_t dim, depth, mlp;
  int heads;
};
constexpr TimmSize kTimmSizes[] = {{"tiny", 192, 12, 768, 3},       {"small", 384, 12, 1536, 6},
                                   {"base", 768, 12, 3072, 12},     {"large", 1024, 24, 4096, 16},
                                   {"huge", 1280, 32, 5120, 16},    {"giant", 1408, 40, 6144, 16},
                                   {"gigantic", 1664, 48, 8192, 16}};

// What the name of an architecture says.
struct TimmName {
  const TimmSize* size = nullptr;
  bool distilled = false, qkv_bias = true;
  int64_t patch = 0, image = 0;
};

// Takes a name apart from its front.
struct NameReader {
  std::string_view rest;

  bool eat(std::string_view word) {
    const bool found = rest.starts_with(word);
    if (found) rest.remove_prefix(word.size());
    return found;
  }
  bool eat(int64_t& number) {
    if (rest.empty() || rest[0] == '-') return false;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    return error == std::errc();
  }
};

// vit_<size>_patch<P>_<image>[_miil][_in21k][.<tag>] or deit_<size>_[distilled_]patch<P>_<image>[.<tag>]; a
// tag names weights, not an architecture.
std::optional<TimmName> timm_name(std::string_view architecture) {
  NameReader reader{architecture.substr(0, architecture.find('.'))};
  TimmName name;
  const bool deit = reader.eat("deit_");
  if (!deit && !reader.eat("vit_")) return std::nullopt;
  const std::string_view size = reader.rest.substr(0, reader.rest.find('_'));
  const auto* found = std::find_if(std::begin(kTimmSizes), std::end(kTimmSizes),
                                   [&](const TimmSize& known) { return known.name == size; });
  if (found == std::end(kTimmSizes)) return std::nullopt;
  name.size = found;
  reader.eat(size);
  name.distilled = deit && reader.eat("_distilled");
  if (!reader.eat("_patch") || !reader.eat(name.patch) || !reader.eat("_") || !reader.eat(name.image))
    return std::nullopt;
  name.qkv_bias = deit || !reader.eat("_miil");
  if (!deit) reader.eat("_in21k");
  return reader.rest.empty() ? std::optional(name) : std::nullopt;
}

// timm's constructor arguments that are read below, or that change nothing but how weights are drawn.
constexpr const char* kTimmArgs[] = {"img_size",       "patch_size",    "embed_dim",       "depth",
                                     "num_heads",      "mlp_ratio",     "qkv_bias",        "in_chans",
                                     "class_token",    "global_pool",   "fc_norm",         "num_classes",
                                     "drop_rate",      "pos_drop_rate", "attn_drop_rate",  "proj_drop_rate",
                                     "drop_path_rate", "weight_init",   "dynamic_img_size"};

constexpr TimmOnly kTimmOnly[] = {{"pre_norm", "false"}, {"no_embed_class", "false"}, {"qk_norm", "false"},
                                  {"reg_tokens", "0"},   {"pos_embed", R"("learn")"}, {"final_norm", "true"},
                                  {"proj_bias", "true"}, {"dynamic_img_pad", "false"}};

void read_sizes(const ConfigJson& args, const TimmName& name, VitConfig& c) {
  const TimmSize& size = *name.size;
  const double ratio = static_cast<double>(size.mlp) / static_cast<double>(size.dim);
  c.dim = args.size("embed_dim", size.dim);
  c.depth = args.size("depth", size.depth);
  c.heads = static_cast<int>(args.size("num_heads", size.heads));
  const double mlp = static_cast<double>(c.dim) * args.number("mlp_ratio", ratio);
  if (!(mlp >= 1 && mlp <= 0x1p20)) args.refuse("mlp_ratio", "is out of range");
  c.mlp = static_cast<int64_t>(mlp);
  c.qkv_bias = args.flag("qkv_bias", name.qkv_bias);
}

void read_drops(const ConfigJson& args, VitConfig& c) {
  c.drops.embeddings = args.share("pos_drop_rate", 0);
  c.drops.attention = args.share("attn_drop_rate", 0);
  c.drops.hidden = c.drops.added = args.share("proj_drop_rate", 0);
  c.drops.path = args.share("drop_path_rate", 0);
  c.drops.pooled = args.share("drop_rate", 0);
}

void read_input(const ConfigJson& args, const ConfigJson& pretrained, const TimmName& name, VitConfig& c) {
  c.image_height = c.image_width = name.image;
  if (const auto input = timm_input_size(pretrained)) {
    c.channels = input->channels;
    c.image_height = input->height;
    c.image_width = input->width;
  }
  c.channels = args.size("in_chans", c.channels);
  std::tie(c.patch_height, c.patch_width) = args.sides("patch_size", name.patch);
  if (args.has("img_size")) std::tie(c.image_height, c.image_width) = args.sides("img_size", 0);
}

void read_pooling(const ConfigJson& config, const ConfigJson& args, const ConfigJson& pretrained,
                  VitConfig& c) {
  using Pool = VitConfig::Pool;
  c.class_token = args.flag("class_token", true);
  const std::string pool =
      args.text("global_pool", pretrained.text("global_pool", config.text("global_pool", "token")));
  if (pool != "token" && pool != "avg")
    config.refuse("global_pool", "is " + shown_name(pool) + "; Fovea has token and avg");
  if (c.distillation_token && pool != "token")
    config.refuse("global_pool", "is avg, but a distilled model reads its two tokens");
  if (pool == "token" && !c.class_token) config.refuse("class_token", "is off, but read by the classifier");
  c.pool = pool == "avg" ? Pool::kMean : c.distillation_token ? Pool::kBothTokens : Pool::kClassToken;
  c.norm_after_pool = args.flag("fc_norm", pool == "avg");
}

}  // namespace

bool is_timm_vit(std::string_view architecture) {
  return timm_name(architecture).has_value();
}

VitConfig vit_from_timm(const ConfigJson& config, ModelInfo& info) {
  info.architecture = config.text("architecture");
  const auto name = timm_name(info.architecture);
  if (!name) config.refuse("architecture", "is " + shown_name(info.architecture) + ", not built here");
  const ConfigJson args = config.at("model_args");
  const ConfigJson pretrained = config.has("pretrained_cfg") ? config.at("pretrained_cfg") : config;
  timm_refuse_other_args(args, kTimmArgs, kTimmOnly, "ViT");

  VitConfig c;
  c.distillation_token = name->distilled;
  c.resample = GridResample::kBicubicAntialias;
  read_sizes(args, *name, c);
  read_drops(args, c);
  read_input(args, pretrained, *name, c);
  read_pooling(config, args, pretrained, c);
  c.classes = timm_classes(config, args, pretrained);
  check_vit(config.file(), c);
  info.labels = timm_labels(config, pretrained, c.classes);
  info.multi_label = c.classes == 1;
  info.library = "timm";
  info.licence = pretrained.text("license");
  return c;
}

}  // namespace fovea
