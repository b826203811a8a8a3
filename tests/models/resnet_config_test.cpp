#include "models/resnet_config.h"

#include "attention/checkpoint/safetensors.h"
#include "tests/apps/test_folder.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

using Labels = std::vector<std::string>;

struct Read {
  ResNetConfig config;
  ModelInfo info;
  std::string backbone;
};

Read transformers(const std::string& more = "") {
  Read read;
  const std::string text = R"({"model_type": "resnet")" + (more.empty() ? "" : ", " + more) + "}";
  read.config = resnet_from_transformers(ConfigJson("config.json", text), read.info, read.backbone);
  return read;
}

Read timm(const std::string& architecture, const std::string& more = "") {
  Read read;
  const std::string text =
      R"({"architecture": ")" + architecture + "\"" + (more.empty() ? "" : ", ") + more + "}";
  read.config = resnet_from_timm(ConfigJson("config.json", text), read.info);
  return read;
}

std::map<std::string, Tensor> torchvision_tensors() {
  std::map<std::string, Tensor> tensors{{"conv1.weight", Tensor({8, 3, 7, 7})},
                                        {"fc.weight", Tensor({3, 32})}};
  for (int64_t i = 1; i <= 4; ++i) {
    const std::string stage = "layer" + std::to_string(i);
    for (const char* block : {".0.", ".1."}) {
      tensors[stage + block + "conv1.weight"] = Tensor({8 * i, 8 * i, 3, 3});
      tensors[stage + block + "conv2.weight"] = Tensor({8 * i, 8 * i, 3, 3});
    }
  }
  return tensors;
}

Read torchvision(const std::map<std::string, Tensor>& tensors, const std::string& config = "{}") {
  const TestFolder folder;
  save_safetensors(folder / "model.safetensors", tensors);
  Read read;
  read.config =
      resnet_from_torchvision(ConfigJson("config.json", config), Checkpoint::open(folder.path()), read.info);
  return read;
}

std::vector<int64_t> widths(const ResNetConfig& c) {
  std::vector<int64_t> all;
  for (const ResNetConfig::Stage& stage : c.stages) all.push_back(stage.width);
  return all;
}

std::vector<int64_t> blocks(const ResNetConfig& c) {
  std::vector<int64_t> all;
  for (const ResNetConfig::Stage& stage : c.stages) all.push_back(stage.blocks);
  return all;
}

TEST(ResNetConfig, ReadsTransformers) {
  const Read plain = transformers();
  EXPECT_EQ(plain.info.architecture, "ResNetForImageClassification");
  EXPECT_EQ(plain.info.labels, (Labels{"LABEL_0", "LABEL_1"}));
  EXPECT_EQ(plain.backbone, "resnet.");
  EXPECT_EQ(plain.config.stem, std::vector<int64_t>{64});
  EXPECT_EQ(widths(plain.config), (std::vector<int64_t>{256, 512, 1024, 2048}));
  EXPECT_EQ(blocks(plain.config), (std::vector<int64_t>{3, 4, 6, 3}));
  EXPECT_EQ(plain.config.stages[0].stride, 1);
  EXPECT_EQ(plain.config.stages[3].stride, 2);
  EXPECT_TRUE(plain.config.bottleneck);
  EXPECT_FALSE(plain.config.stride_in_first);
  const Read other = transformers(
      R"("architectures": ["ResNetModel"], "layer_type": "basic", "hidden_act": "silu", "embedding_size": 16,
         "downsample_in_first_stage": true, "downsample_in_bottleneck": true, "hidden_sizes": [16, 32], "depths": [1, 9])");
  EXPECT_TRUE(other.backbone.empty() && other.info.labels.empty() && other.config.classes == 0);
  EXPECT_EQ(other.config.stages[0].stride, 2);
  EXPECT_EQ(other.config.activation, Activation::kSilu);
  EXPECT_EQ(blocks(other.config), (std::vector<int64_t>{1, 9}));
  EXPECT_FALSE(other.config.bottleneck);
  EXPECT_TRUE(other.config.stride_in_first);
}

TEST(ResNetConfig, RefusesHostileTransformers) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("architectures": ["ResNetBackbone"])", "'ResNetBackbone'"},
      {R"("layer_type": "wi\nde")", "'wi?de'"},
      {R"("hidden_act": "mish")", "'mish'"},
      {R"("depths": [3, 4])", "\"depths\" has 2 stages"},
      {R"("depths": [])", "depths"},
      {R"("depths": 3)", "depths"},
      {R"("depths": [3, 0, 6, 3])", "\"depths\" is 0"},
      {R"("depths": [3, 4, 2000, 3])", "2010 blocks"},
      {R"("depths": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1])", "depths"},
      {R"("hidden_sizes": [256, 512, 1024, 99999999999])", "hidden_sizes"},
      {R"("hidden_sizes": [256, 512, 1024, 2.5])", "hidden_sizes"},
      {R"("hidden_sizes": [2, 512, 1024, 2048])", "hidden_sizes"},
      {R"("hidden_sizes": [256, 512, 1024, 1048576])", "parameters"},
      {R"("embedding_size": 1048576, "num_channels": 4096)", "parameters"},
      {R"("embedding_size": 0)", "embedding_size"},
      {R"("num_channels": -3)", "num_channels"},
      {R"("num_labels": 1048576, "hidden_sizes": [256, 512, 1024, 4096])", "parameters"},
      {R"("downsample_in_bottleneck": "no")", "downsample_in_bottleneck"}};
  for (const auto& [more, word] : cases) {
    const std::string line = refusal_of([&, text = more] { transformers(text); });
    EXPECT_TRUE(line.starts_with("config.json: \"")) << line;
    expect_words(line, {word});
  }
}

TEST(ResNetConfig, KnowsTimmsNames) {
  const std::tuple<const char*, std::vector<int64_t>, int64_t, bool> cases[] = {
      {"resnet18.a1_in1k", {2, 2, 2, 2}, 512, false}, {"resnet26d", {2, 2, 2, 2}, 2048, true},
      {"resnet34", {3, 4, 6, 3}, 512, false},         {"resnet50.a1_in1k", {3, 4, 6, 3}, 2048, false},
      {"resnet101d", {3, 4, 23, 3}, 2048, true},      {"resnet152", {3, 8, 36, 3}, 2048, false}};
  for (const auto& [name, depths, width, deep] : cases) {
    EXPECT_TRUE(is_timm_resnet(name)) << name;
    const ResNetConfig c = timm(name).config;
    EXPECT_EQ(blocks(c), depths) << name;
    EXPECT_EQ(c.stages.back().width, width) << name;
    EXPECT_EQ(c.bottleneck, width == 2048) << name;
    EXPECT_EQ(c.stem, deep ? (std::vector<int64_t>{32, 32, 64}) : std::vector<int64_t>{64}) << name;
    EXPECT_EQ(c.pooled_shortcut, deep) << name;
    EXPECT_EQ(c.classes, 1000) << name;
  }
  for (const char* name : {"", "resnet", "resnet50t", "resnet50dd", "resnetv2_50", "seresnet50", "resnet51"})
    EXPECT_FALSE(is_timm_resnet(name)) << name;
}

TEST(ResNetConfig, ReadsTimmsSettings) {
  const Read read = timm("resnet50d", R"("num_classes": 2, "label_names": ["a", "b"], "model_args":
      {"layers": [1, 2, 1, 1], "channels": [4, 6, 8, 12], "stem_width": 8, "in_chans": 1, "global_pool": "avg"},
      "pretrained_cfg": {"input_size": [3, 64, 96], "license": "mit"})");
  EXPECT_EQ(read.config.stem, (std::vector<int64_t>{8, 8, 16}));
  EXPECT_EQ(widths(read.config), (std::vector<int64_t>{16, 24, 32, 48}));
  EXPECT_EQ(read.config.channels, 1);
  EXPECT_EQ(read.info.labels, (Labels{"a", "b"}));
  EXPECT_EQ(read.info.licence, "mit");
  EXPECT_EQ(read.info.input_width, 96);
}

TEST(ResNetConfig, RefusesHostileTimm) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("model_args": {"layers": [1, 1, 1]})", "layers"},
      {R"("model_args": {"channels": [64, 128, 256, 512, 1024]})", "channels"},
      {R"("model_args": {"channels": [64, 128, 256, 1048576]})", "parameters"},
      {R"("model_args": {"layers": [1, 1, 1, 1048576]})", "1048579 blocks"},
      {R"("model_args": {"output_stride": 16})", "'output_stride'"},
      {R"("model_args": {"global_pool": "max"})", "'global_pool'"},
      {R"("pretrained_cfg": {"global_pool": "max"})", "global_pool"},
      {R"("model_args": {"in_chans": 0})", "in_chans"},
      {R"("pretrained_cfg": {"input_size": [3, 0, 224]})", "input_size"},
      {R"("pretrained_cfg": {"input_size": [-3, 224, 224]})", "input_size"},
      {R"("num_classes": 2, "label_names": ["tench"])", "label_names"}};
  for (const auto& [more, word] : cases) {
    const std::string line = refusal_of([&, text = more] { timm("resnet50", text); });
    EXPECT_TRUE(line.starts_with("config.json: \"")) << line;
    expect_words(line, {word});
  }
}

TEST(ResNetConfig, ReadsTorchvisionsTensors) {
  const Read read = torchvision(torchvision_tensors());
  EXPECT_FALSE(read.config.bottleneck);
  EXPECT_EQ(read.config.stem, std::vector<int64_t>{8});
  EXPECT_EQ(widths(read.config), (std::vector<int64_t>{8, 16, 24, 32}));
  EXPECT_EQ(blocks(read.config), (std::vector<int64_t>{2, 2, 2, 2}));
  EXPECT_EQ(read.info.labels, (Labels{"LABEL_0", "LABEL_1", "LABEL_2"}));
  EXPECT_EQ(torchvision(torchvision_tensors(), R"({"id2label": {"2": "c"}})").info.labels[2], "c");
}

TEST(ResNetConfig, RefusesHostileTorchvision) {
  const auto with = [](const char* name, const Shape& shape) {
    auto tensors = torchvision_tensors();
    tensors[name] = Tensor(shape);
    return refusal_of([&] { torchvision(tensors); });
  };
  expect_words(with("conv1.weight", {8, 3, 7}), {"conv1.weight of rank 4"});
  expect_words(with("conv1.weight", {0, 3, 7, 7}), {"conv1.weight has 0"});
  expect_words(with("fc.weight", {int64_t{1} << 40, 0}), {"fc.weight has 1099511627776"});
  expect_words(with("layer1.0.conv3.weight", {8, 8, 1, 1}), {"layer2.0.conv3.weight"});
}

}  // namespace
}  // namespace fovea
