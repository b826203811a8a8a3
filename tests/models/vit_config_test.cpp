#include "models/vit_config.h"

#include "attention/checkpoint/safetensors.h"
#include "tests/apps/test_folder.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

using Pool = VitConfig::Pool;
using Labels = std::vector<std::string>;

struct Read {
  VitConfig config;
  ModelInfo info;
  std::string backbone;
};

Read transformers(const std::string& more) {
  Read read;
  read.config = vit_from_transformers(ConfigJson("config.json", "{" + more + "}"), read.info, read.backbone);
  return read;
}

Read timm(const std::string& architecture, const std::string& more = "") {
  Read read;
  const std::string text =
      R"({"architecture": ")" + architecture + "\"" + (more.empty() ? "" : ", ") + more + "}";
  read.config = vit_from_timm(ConfigJson("config.json", text), read.info);
  return read;
}

Read torchvision(const std::map<std::string, Tensor>& tensors, const std::string& config = "{}") {
  const TestFolder folder;
  save_safetensors(folder / "model.safetensors", tensors);
  Read read;
  read.config =
      vit_from_torchvision(ConfigJson("config.json", config), Checkpoint::open(folder.path()), read.info);
  return read;
}

std::map<std::string, Tensor> torchvision_tensors(const Shape& patch, int64_t tokens) {
  const std::string layer = "encoder.layers.encoder_layer_0.";
  return {{"conv_proj.weight", Tensor(patch)},
          {"encoder.pos_embedding", Tensor({1, tokens, 64})},
          {layer + "ln_1.weight", Tensor({64})},
          {layer + "mlp.0.weight", Tensor({96, 64})},
          {"heads.head.weight", Tensor({3, 64})}};
}

TEST(VitConfig, ReadsTransformers) {
  const Read plain = transformers(R"("model_type": "vit")");
  EXPECT_EQ(plain.info.architecture, "ViTForImageClassification");
  EXPECT_EQ(plain.info.labels, (Labels{"LABEL_0", "LABEL_1"}));
  EXPECT_EQ(plain.backbone, "vit.");
  EXPECT_FALSE(plain.info.multi_label);
  EXPECT_EQ(transformers(R"("model_type": "deit", "architectures": null)").info.architecture,
            "DeiTForImageClassification");
  const Read bare = transformers(R"("model_type": "vit", "architectures": ["ViTModel"])");
  EXPECT_TRUE(bare.config.pooler && bare.backbone.empty() && bare.config.classes == 0);
  const Read teacher =
      transformers(R"("model_type": "deit", "architectures": ["DeiTForImageClassificationWithTeacher"])");
  EXPECT_EQ(teacher.config.pool, Pool::kBothTokens);
  EXPECT_TRUE(teacher.config.distillation_token);
  EXPECT_EQ(transformers(R"("model_type": "vit", "id2label": {})").config.classes, 0);
  EXPECT_EQ(transformers(R"("model_type": "vit", "id2label": {"1": "b", "0": "a"})").info.labels,
            (Labels{"a", "b"}));
  EXPECT_EQ(transformers(R"("model_type": "vit", "id2label": {"1": "a", "2": 7})").info.labels,
            (Labels{"LABEL_0", "a"}));
  EXPECT_EQ(transformers(R"("model_type": "vit", "id2label": {"0": 7})").info.labels, Labels{"7"});
  EXPECT_TRUE(transformers(R"("model_type": "vit", "num_labels": 1)").info.multi_label);
  EXPECT_TRUE(
      transformers(R"("model_type": "vit", "problem_type": "multi_label_classification")").info.multi_label);
}

TEST(VitConfig, KnowsTransformersActivations) {
  const std::pair<const char*, Activation> cases[] = {
      {"gelu", Activation::kGelu},         {"gelu_python", Activation::kGelu},
      {"gelu_new", Activation::kGeluTanh}, {"quick_gelu", Activation::kQuickGelu},
      {"relu", Activation::kRelu},         {"sigmoid", Activation::kSigmoid}};
  for (const auto& [name, activation] : cases)
    EXPECT_EQ(
        transformers(R"("model_type": "vit", "hidden_act": ")" + std::string(name) + "\"").config.activation,
        activation)
        << name;
}

TEST(VitConfig, RefusesHostileTransformers) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("architectures": ["SwinModel"])", "'SwinModel'"},
      {R"("architectures": ["DeiTForImageClassification"])", "model_type 'vit'"},
      {R"("architectures": ["DeiTForImageClassificationWithTeacher"])", "model_type 'vit'"},
      {R"("architectures": ["a\n\u001b[2J"])", "'a??[2J'"},
      {R"("architectures": [])", "architectures"},
      {R"("architectures": "ViTModel")", "architectures"},
      {R"("hidden_act": "mi\nsh")", "'mi?sh'"},
      {R"("num_attention_heads": 7)", "7 heads"},
      {R"("patch_size": 300)", "smaller than a patch"},
      {R"("image_size": 9000)", "image height is 9000"},
      {R"("hidden_size": 1048576)", "width is 1048576"},
      {R"("num_hidden_layers": 100000)", "number of layers"},
      {R"("num_channels": 100000)", "number of channels"},
      {R"("hidden_size": 65536, "num_attention_heads": 64, "num_hidden_layers": 1024)", "parameters"},
      {R"("layer_norm_eps": 1e300)", "epsilon"},
      {R"("layer_norm_eps": -1)", "epsilon"},
      {R"("id2label": ["a", "b"])", "id2label"},
      {R"("id2label": {"0": "a", "1": null})", "id2label"},
      {R"("num_labels": 1048577)", "num_labels"}};
  for (const auto& [more, word] : cases) {
    const std::string line =
        refusal_of([&] { transformers(R"("model_type": "vit", )" + std::string(more)); });
    EXPECT_TRUE(line.starts_with("config.json: ")) << line;
    expect_words(line, {word});
  }
}

struct Named {
  const char* name;
  int64_t dim, depth, mlp, patch, image;
  int heads;
  bool distilled, qkv_bias;
};

TEST(VitConfig, KnowsTimmsNames) {
  const Named cases[] = {
      {"vit_base_patch16_224.augreg2_in21k_ft_in1k", 768, 12, 3072, 16, 224, 12, false, true},
      {"vit_base_patch32_384", 768, 12, 3072, 32, 384, 12, false, true},
      {"vit_small_patch16_384", 384, 12, 1536, 16, 384, 6, false, true},
      {"vit_base_patch8_224", 768, 12, 3072, 8, 224, 12, false, true},
      {"vit_base_patch16_224_in21k", 768, 12, 3072, 16, 224, 12, false, true},
      {"vit_tiny_patch16_224", 192, 12, 768, 16, 224, 3, false, true},
      {"vit_large_patch16_384", 1024, 24, 4096, 16, 384, 16, false, true},
      {"vit_huge_patch14_224", 1280, 32, 5120, 14, 224, 16, false, true},
      {"vit_giant_patch14_224", 1408, 40, 6144, 14, 224, 16, false, true},
      {"vit_gigantic_patch14_224", 1664, 48, 8192, 14, 224, 16, false, true},
      {"vit_base_patch16_224_miil", 768, 12, 3072, 16, 224, 12, false, false},
      {"vit_base_patch16_224_miil_in21k", 768, 12, 3072, 16, 224, 12, false, false},
      {"deit_tiny_patch16_224.fb_in1k", 192, 12, 768, 16, 224, 3, false, true},
      {"deit_base_distilled_patch16_384", 768, 12, 3072, 16, 384, 12, true, true}};
  for (const Named& want : cases) {
    EXPECT_TRUE(is_timm_vit(want.name)) << want.name;
    const VitConfig c = timm(want.name).config;
    EXPECT_EQ(c.dim, want.dim) << want.name;
    EXPECT_EQ(c.depth, want.depth) << want.name;
    EXPECT_EQ(c.mlp, want.mlp) << want.name;
    EXPECT_EQ(c.heads, want.heads) << want.name;
    EXPECT_EQ(c.patch_height, want.patch) << want.name;
    EXPECT_EQ(c.image_width, want.image) << want.name;
    EXPECT_EQ(c.distillation_token, want.distilled) << want.name;
    EXPECT_EQ(c.pool, want.distilled ? Pool::kBothTokens : Pool::kClassToken) << want.name;
    EXPECT_EQ(c.qkv_bias, want.qkv_bias) << want.name;
    EXPECT_EQ(c.classes, 1000) << want.name;
  }
}

TEST(VitConfig, KnowsNoOtherNames) {
  const std::string names[] = {"",
                               "vit_",
                               "vit_base",
                               "vit_base_patch16",
                               "vit_base_patch16_",
                               "vit_base_patch_224",
                               "vit_base_patch-16_224",
                               "vit_base_patch16_224_gap",
                               "vit_base_patch16_224x",
                               "vit_base_patch16_clip_224",
                               "vit_medium_patch16_224",
                               "vit_base_distilled_patch16_224",
                               "deit3_base_patch16_224",
                               "deit_base_patch16_224_miil",
                               "vit_b_16",
                               "vit_base_patch16_99999999999999999999",
                               "vit_base_patch" + std::string(1 << 20, '1') + "_224",
                               std::string(1 << 20, 'v')};
  for (const std::string& name : names) EXPECT_FALSE(is_timm_vit(name)) << name.substr(0, 80);
  EXPECT_TRUE(is_timm_vit("vit_base_patch16_224." + std::string(1 << 20, 'x')));
  for (const char* name : {"torchvision_vit", "vit_b_16", "vit_l_32", "vit_h_14"})
    EXPECT_TRUE(is_torchvision_vit(name));
  for (const std::string& name : {std::string("vit_b_"), std::string("vit_b_16x"), std::string("vit_x_16"),
                                  "vit_b_" + std::string(1 << 20, '1') + "x"})
    EXPECT_FALSE(is_torchvision_vit(name));
}

TEST(VitConfig, ReadsTimmsSettingsWhereTheyStand) {
  const Read in21k = timm("vit_base_patch16_224_in21k", R"("pretrained_cfg": {"num_classes": 21843})");
  EXPECT_EQ(in21k.info.labels.size(), 21843u);
  EXPECT_EQ(in21k.info.labels.back(), "LABEL_21842");
  const Read flat =
      timm("vit_tiny_patch16_224", R"("num_classes": 2, "input_size": [1, 64, 32], "labels": ["a", "b"],
                                                    "license": "mit", "global_pool": "avg")");
  EXPECT_EQ(flat.config.channels, 1);
  EXPECT_EQ(flat.config.image_height, 64);
  EXPECT_EQ(flat.config.image_width, 32);
  EXPECT_EQ(flat.config.pool, Pool::kMean);
  EXPECT_EQ(flat.info.labels, (Labels{"a", "b"}));
  EXPECT_EQ(flat.info.licence, "mit");
  const Read first =
      timm("vit_tiny_patch16_224", R"("global_pool": "max", "model_args": {"in_chans": 4, "reg_tokens": null},
      "pretrained_cfg": {"global_pool": "avg", "input_size": [3, 96, 96], "num_classes": 1, "label_names": {"0": "a"}})");
  EXPECT_EQ(first.config.pool, Pool::kMean);
  EXPECT_TRUE(first.config.norm_after_pool);
  EXPECT_EQ(first.config.channels, 4);
  EXPECT_EQ(first.info.labels, Labels{"a"});
  EXPECT_TRUE(first.info.multi_label);
  const Read tuned =
      timm("vit_tiny_patch16_224",
           R"("num_classes": 2, "pretrained_cfg": {"label_names": ["tench", "goldfish", "shark"]})");
  EXPECT_EQ(tuned.info.labels, (Labels{"LABEL_0", "LABEL_1"}));
  EXPECT_EQ(timm("vit_tiny_patch16_224", R"("model_args": {"embed_dim": 96, "mlp_ratio": 2.5})").config.mlp,
            240);
  EXPECT_EQ(
      timm("vit_tiny_patch16_224", R"("model_args": {"pos_embed": "learn", "pre_norm": false})").config.dim,
      192);
}

TEST(VitConfig, RefusesHostileTimm) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"vit_tiny_patch0_224", "", "patch height is 0"},
      {"vit_tiny_patch16_0", "", "image height is 0"},
      {"vit_tiny_patch16_8", "", "smaller than a patch"},
      {"vit_tiny_patch9223372036854775807_224", "", "patch height"},
      {"vit_tiny_patch16_224", R"("model_args": {"mlp_ratio": 0})", "mlp_ratio"},
      {"vit_tiny_patch16_224", R"("model_args": {"mlp_ratio": -4})", "mlp_ratio"},
      {"vit_tiny_patch16_224", R"("model_args": {"mlp_ratio": 1e300})", "mlp_ratio"},
      {"vit_tiny_patch16_224", R"("model_args": {"init_values": 1e-5})", "'init_values'"},
      {"vit_tiny_patch16_224", R"("model_args": {"a\nb": 1})", "'a?b'"},
      {"vit_tiny_patch16_224", R"("model_args": {"pre_norm": true})", "'pre_norm'"},
      {"vit_tiny_patch16_224", R"("model_args": {"num_heads": 5})", "5 heads"},
      {"vit_tiny_patch16_224", R"("model_args": {"class_token": false})", "class_token"},
      {"vit_tiny_patch16_224", R"("model_args": {"img_size": [224]})", "img_size"},
      {"vit_tiny_patch16_224", R"("pretrained_cfg": 3)", "pretrained_cfg"},
      {"vit_tiny_patch16_224", R"("pretrained_cfg": {"input_size": [3, 224]})", "input_size"},
      {"vit_tiny_patch16_224", R"("pretrained_cfg": {"input_size": [3, 1e9, 224]})", "input_size"},
      {"vit_tiny_patch16_224", R"("pretrained_cfg": {"input_size": [3, 9007199254740993, 224]})",
       "image height"},
      {"vit_tiny_patch16_224", R"("pretrained_cfg": {"input_size": [-3, 224, 224]})", "channels"},
      {"vit_tiny_patch16_224", R"("global_pool": "m\nap")", "'m?ap'"},
      {"vit_tiny_patch16_224", R"("num_classes": 2, "label_names": "tench")", "label_names"},
      {"vit_tiny_patch16_224", R"("num_classes": 2, "label_names": ["tench"])", "label_names"},
      {"vit_tiny_patch16_224", R"("num_classes": 2, "pretrained_cfg": {"label_names": 7})", "label_names"},
      {"deit_tiny_distilled_patch16_224", R"("model_args": {"class_token": false})", "class_token"},
      {"deit_tiny_distilled_patch16_224", R"("global_pool": "avg")", "two tokens"}};
  for (const auto& [name, more, word] : cases) {
    const std::string line = refusal_of([&, n = name, m = more] { timm(n, m); });
    EXPECT_TRUE(line.starts_with("config.json: ")) << line;
    expect_words(line, {word});
  }
}

TEST(VitConfig, ReadsTorchvisionsTensors) {
  const Read read = torchvision(torchvision_tensors({64, 3, 8, 8}, 17));
  EXPECT_EQ(read.config.image_height, 32);
  EXPECT_EQ(read.config.depth, 1);
  EXPECT_EQ(read.config.mlp, 96);
  EXPECT_EQ(read.config.heads, 1);
  EXPECT_EQ(read.info.labels, (Labels{"LABEL_0", "LABEL_1", "LABEL_2"}));
  EXPECT_EQ(
      torchvision(torchvision_tensors({64, 3, 8, 8}, 13), R"({"image_size": [24, 32]})").config.image_width,
      32);
  EXPECT_EQ(torchvision(torchvision_tensors({64, 3, 8, 8}, 17), R"({"id2label": {"2": "c"}})").info.labels[2],
            "c");
}

TEST(VitConfig, RefusesHostileTorchvision) {
  const auto with = [](const char* name, const Shape& shape) {
    auto tensors = torchvision_tensors({64, 3, 8, 8}, 17);
    tensors[name] = Tensor(shape);
    return tensors;
  };
  const std::string layer = "encoder.layers.encoder_layer_0.";
  expect_words(refusal_of([&] {
                 torchvision(with("conv_proj.weight", {8, 3, 0, 0}));
               }),
               {"patch height is 0"});
  expect_words(refusal_of([&] { torchvision(with("conv_proj.weight", {0, 3, 8, 8})); }), {"width is 0"});
  expect_words(refusal_of([&] {
                 torchvision(with("conv_proj.weight", {64, 3, 8}));
               }),
               {"conv_proj.weight", "rank 4"});
  expect_words(refusal_of([&] {
                 torchvision(with("conv_proj.weight", {64, 0, int64_t{1} << 40, 1}));
               }),
               {"out of range"});
  expect_words(refusal_of([&] {
                 torchvision(with("encoder.pos_embedding", {1, 0, 64}));
               }),
               {"pos_embedding"});
  expect_words(refusal_of([&] { torchvision(with("encoder.pos_embedding", {1, 13, 64})); }), {"image_size"});
  expect_words(refusal_of([&] {
                 torchvision(with("heads.head.weight", {3, 64}), R"({"id2label": {"3": "d"}})");
               }),
               {"id2label"});
  expect_words(refusal_of([&] {
                 torchvision(with("heads.head.weight", {3, 64}), R"({"id2label": ["a"]})");
               }),
               {"id2label"});
}

}  // namespace
}  // namespace fovea
