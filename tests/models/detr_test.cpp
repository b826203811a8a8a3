#include "models/detr.h"

#include "attention/base/parallel.h"
#include "models/detr_config.h"
#include "models/detr_names.h"
#include "models/pipelines/detector.h"
#include "models/resnet_names.h"
#include "tests/apps/tiny_vit.h"
#include "tests/models/detector_check.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

constexpr const char* kSizes =
    R"("d_model": 32, "encoder_layers": 2, "decoder_layers": 3, "encoder_ffn_dim": 40,
    "decoder_ffn_dim": 48, "encoder_attention_heads": 8, "decoder_attention_heads": 8, "num_queries": 6,
    "id2label": {"0": "cell", "1": "platelet"})";
constexpr const char* kBackbone =
    R"("use_timm_backbone": false, "backbone_config": {"model_type": "resnet", "layer_type": "basic",
    "embedding_size": 8, "hidden_sizes": [8, 12, 16, 20], "depths": [1, 1, 1, 1],
    "out_features": ["stage4"]})";
constexpr const char* kTimm = R"("backbone": "resnet18", "use_timm_backbone": true, "backbone_config": null)";

std::string config_text(const std::string& type, const std::string& backbone, const std::string& more = "") {
  return R"({"model_type": ")" + type + "\", " + kSizes + ", " + backbone + more + "}";
}

ModelSource described(const std::string& config) {
  return {.folder = "there", .config = ConfigJson("there/config.json", config), .checkpoint = {}};
}

std::map<std::string, Tensor> by_name(const std::vector<Parameter>& parameters) {
  std::map<std::string, Tensor> values;
  for (const Parameter& p : parameters) values[p.name] = p.value;
  return values;
}

Tensor one_padded() {
  Tensor padding = Tensor::full({2, 64, 96}, 0);
  for (int64_t y = 0; y < 64; ++y)
    for (int64_t x = 64; x < 96; ++x) padding.mutable_data()[(64 + y) * 96 + x] = 1;
  return padding;
}

TEST(Detr, EveryParameterGetsAGradientFromAPaddedBatch) {
  for (const std::string more : {"", R"(, "position_embedding_type": "learned")"}) {
    const DetectorPlan plan = plan_detector(described(config_text("detr", kBackbone, more)));
    ParameterStore store(3, Purpose::kTraining);
    const DetectionNetwork network = build_detector(plan, store, "");
    Rng rng(1);
    const DetectorOutput output =
        network.detect({random_tensor({2, 64, 96, 3}, 2), one_padded()}, {.training = &rng}, nullptr);
    ASSERT_EQ(output.layers.size(), 3u);
    EXPECT_EQ(output.layers[0].logits.shape(), (Shape{2, 6, 3}));
    EXPECT_EQ(output.layers[2].boxes.shape(), (Shape{2, 6, 4}));
    const Gradients gradients = backward(loss_of(output));
    for (const Parameter& p : store.parameters()) {
      ASSERT_TRUE(gradients.has(p.value)) << p.name;
      double size = 0;
      for (float value : gradients[p.value].values()) size += std::abs(value);
      EXPECT_TRUE(std::isfinite(size)) << p.name;
      // A softmax sees no shift of its scores, and queries begin as zeros.
      const bool moves_nothing = p.name.ends_with(".k.bias") ||
                                 p.name.starts_with("decoder.layers.0.self_attn.") ||
                                 p.name == "decoder.layers.0.norm1.weight";
      EXPECT_TRUE(moves_nothing || size > 0) << p.name;
    }
  }
}

TEST(Detr, MayReadTheStem) {
  std::string backbone = kBackbone;
  backbone.replace(backbone.find("stage4"), 6, "stem");
  const DetectorPlan plan = plan_detector(described(config_text("detr", backbone)));
  ParameterStore store(3, Purpose::kTraining);
  const DetectionNetwork network = build_detector(plan, store, "");
  EXPECT_EQ(by_name(store.parameters()).at("input.weight").shape(), (Shape{32, 8}));
  EXPECT_EQ(network.detect({random_tensor({1, 32, 32, 3}, 2), {}}, {}, nullptr).layers.back().boxes.shape(),
            (Shape{1, 6, 4}));
}

TEST(Detr, SavesUnderTheNamesThatItLoads) {
  const TestFolder folder;
  for (const char* backbone : {kBackbone, kTimm}) {
    const std::string text = config_text("detr", backbone);
    const DetectorPlan plan = plan_detector(described(text));
    ParameterStore store(4, Purpose::kTraining);
    const DetectionNetwork network = build_detector(plan, store, "");
    folder.write("model/config.json", text);
    const auto stored = to_stored(plan.names->rules(), by_name(store.state()), plan.stored_shapes);
    EXPECT_EQ(stored.at("model.input_projection.weight").shape().rank(), 4);
    for (const auto& [name, value] : stored)
      EXPECT_TRUE(name.starts_with("model.") || name.starts_with("class_labels_classifier.") ||
                  name.starts_with("bbox_predictor."))
          << name;
    save_safetensors(folder / "model/model.safetensors", stored);
    const DetectorInput input{random_tensor({2, 64, 96, 3}, 5), one_padded()};
    const Detector loaded = Detector::load(folder / "model");
    const BoxPredictions got = loaded.predict(input), want = network.detect(input, {}, nullptr).layers.back();
    expect_near(got.logits, want.logits, 1e-4f);
    expect_near(got.boxes, want.boxes, 1e-4f);
    EXPECT_EQ(loaded.info().labels, (std::vector<std::string>{"cell", "platelet"}));
    EXPECT_EQ(loaded.info().parameters, network.info.parameters);
  }
}

// The authors' names tell all sizes, those of a checkpoint thinner than its ResNet-18 too.
TEST(Detr, ReadsTheAuthorsCheckpoints) {
  const TestFolder folder;
  DetrConfig config;
  config.backbone = {.stem = {4}, .stages = {{8, 2, 1}, {12, 2}, {16, 2}, {20, 2}}, .bottleneck = false};
  config.backbone.classes = 0;
  config.transformer = {
      .dim = 32, .encoder_layers = 2, .decoder_layers = 1, .encoder_mlp = 40, .decoder_mlp = 40};
  config.queries = 6;
  config.classes = 2;
  for (bool norm_first : {false, true}) {
    config.transformer.norm_first = norm_first;
    config.learned_position = norm_first;
    ParameterStore store(6, Purpose::kTraining);
    const Detr detr(config, Weights(store));
    NameTable names = original_detr_names();
    names.add(timm_resnet_names(false).rules(), "backbone.0.body.", "backbone.");
    const auto stored =
        to_stored(names.rules(), by_name(store.state()), {{"input_proj.weight", {32, 20, 1, 1}}});
    EXPECT_EQ(stored.at("transformer.encoder.layers.0.self_attn.in_proj_weight").shape(), (Shape{96, 32}));
    EXPECT_EQ(stored.contains("backbone.1.row_embed.weight"), norm_first);
    save_safetensors(folder.write("authors/model.safetensors", ""), stored);
    const Detector detector = Detector::load(folder / "authors");
    EXPECT_EQ(detector.info().architecture, "detr_resnet18");
    EXPECT_EQ(detector.info().labels.size(), 2u);
    const DetectorInput input{random_tensor({1, 64, 64, 3}, 8)};
    expect_near(detector.predict(input).logits, detr(input, {}).layers.back().logits, 1e-4f);
  }
}

TEST(Detr, SameBitsForAnyThreadsAndBatch) {
  const DetectionNetwork network = load_detector(described(config_text("detr", kBackbone)));
  const Tensor images = random_tensor({3, 65, 97, 3}, 9);
  const BoxPredictions want = network.detect({images}, {}, nullptr).layers.back();
  for (int threads : {1, 3}) {
    Threads arena(threads);
    for (int64_t i = 0; i < 3; ++i) {
      BoxPredictions got;
      arena.run([&] { got = network.detect({slice(images, 0, i, 1)}, {}, nullptr).layers.back(); });
      EXPECT_TRUE(same_bits(got.logits, slice(want.logits, 0, i, 1))) << threads;
      EXPECT_TRUE(same_bits(got.boxes, slice(want.boxes, 0, i, 1))) << threads;
    }
  }
}

TEST(Detr, InfersTheLastLayerAloneUnlessAsked) {
  const DetectorInput input{random_tensor({1, 64, 64, 3}, 10)};
  const DetectionNetwork one = load_detector(described(config_text("detr", kBackbone)));
  EXPECT_EQ(one.detect(input, {}, nullptr).layers.size(), 1u);
  EXPECT_EQ(one.outputs(input, false).size(), 2u);
  const auto all = load_detector(described(config_text("detr", kBackbone, R"(, "auxiliary_loss": true)")))
                       .outputs(input, false);
  EXPECT_EQ(all.size(), 6u);
  EXPECT_EQ(all.at("auxiliary_outputs.1.pred_boxes").shape(), (Shape{1, 6, 4}));
  EXPECT_FALSE(same_bits(all.at("auxiliary_outputs.0.logits"), all.at("auxiliary_outputs.1.logits")));
}

TEST(DetrEncoder, LooksAtNoPadding) {
  ParameterStore store(11, Purpose::kInference);
  const DetrTransformerConfig config{.dim = 16, .encoder_layers = 2, .encoder_mlp = 24, .encoder_heads = 4};
  const DetrEncoder encoder(config, Weights(store) / "encoder");
  const Tensor position = random_tensor({5, 16}, 12);
  Tensor x = random_tensor({1, 5, 16}, 13), padding = Tensor::full({1, 5}, 0);
  padding.mutable_data()[4] = 1;
  const Tensor want = encoder(x, {position, padding}, {});
  Tensor other = x.clone();
  for (int64_t i = 0; i < 16; ++i) other.mutable_data()[4 * 16 + i] += 3;
  const Tensor got = encoder(other, {position, padding}, {});
  EXPECT_TRUE(same_bits(slice(got, 1, 0, 4), slice(want, 1, 0, 4)));
  EXPECT_FALSE(same_bits(slice(encoder(other, {position}, {}), 1, 0, 4), slice(want, 1, 0, 4)));
}

TEST(DetrConfig, RefusesWhatCannotBeBuilt) {
  const std::pair<std::string, const char*> cases[] = {
      {config_text("detr", kBackbone, R"(, "position_embedding_type": "spiral")"), "position_embedding_type"},
      {config_text("detr", kBackbone, R"(, "dropout": 1.5)"), "dropout"},
      {R"({"model_type": "detr", "d_model": 30})", "heads do not divide the width 30"},
      {R"({"model_type": "detr", "d_model": 8, "encoder_layers": 9999})", "encoder layers"},
      {R"({"model_type": "detr", "backbone": "swin_tiny"})", "swin_tiny"},
      {R"({"model_type": "detr", "backbone_config": {"model_type": "swin"}})", "swin"},
      {config_text("detr", R"("backbone_config": {"model_type": "resnet", "out_features": ["stage9"]})"),
       "stage9"},
      {R"({"model_type": "detr", "architectures": ["DetrModel"]})", "DetrModel"},
      {R"({"architecture": "detr_resnet50"})", "keeps its sizes in its weights"}};
  for (const auto& [config, words] : cases) {
    const std::string line = refusal_of([&, c = config] { load_detector(described(c)); });
    EXPECT_TRUE(line.starts_with("there")) << line;
    expect_words(line, {words});
  }
}

TEST(DetectorCatalog, PointsToTheVerbThatTakesTheModel) {
  expect_words(refusal_of([] { load_image_network(described(config_text("detr", kBackbone))); }),
               {"there: ", "fovea detect"});
  expect_words(refusal_of([] { load_detector(described(R"({"model_type": "vit"})")); }),
               {"there: ", "fovea classify"});
}

}  // namespace
}  // namespace fovea
