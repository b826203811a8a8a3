#include "models/deformable_detr_model.h"

#include <gtest/gtest.h>

#include "attention/checkpoint/safetensors.h"
#include "attention/nn/weights.h"
#include "models/text_file.h"
#include "tests/models/refusal.h"
#include "tests/support/random_tensor.h"
#include "tests/support/temp_folder.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using Tensors = std::map<std::string, Tensor>;

const fs::path kBloodCells = fs::path(FOVEA_SOURCE_DIR) / "data/bccd-deformable/config.json";

nlohmann::json blood_cells() {
  return nlohmann::json::parse(read_text(kBloodCells).value());
}

// Its shape, thinner.
nlohmann::json thin() {
  nlohmann::json config = blood_cells();
  config["backbone_config"]["hidden_sizes"] = {8, 8, 16, 16};
  config["backbone_config"]["depths"] = {1, 1, 1, 1};
  config["backbone_config"]["embedding_size"] = 8;
  for (const char* side : {"encoder", "decoder"}) {
    config[side + std::string("_ffn_dim")] = 24;
    config[side + std::string("_attention_heads")] = 4;
  }
  config["d_model"] = 32;
  config["two_stage_num_proposals"] = config["num_queries"] = 7;
  return config;
}

ModelSource source_of(const nlohmann::json& config) {
  return {.folder = "x", .config = ConfigJson("x/config.json", config.dump()), .checkpoint = {}};
}

// Everything a model of this config holds, by the checkpoint's names.
Tensors saved(const nlohmann::json& config) {
  const DetectorPlan plan = plan_deformable_detr(source_of(config));
  ParameterStore store(3, Purpose::kTraining);
  build_detector(plan, store, "x");
  Tensors ours;
  for (const auto& [name, value] : store.state()) ours[name] = value;
  return to_stored(plan.names->rules(), ours, plan.stored_shapes);
}

Tensor boxes_of(const nlohmann::json& config, const Tensors& tensors) {
  const TempFolder folder;
  save_safetensors(folder.path() / "model.safetensors", tensors);
  ModelSource source = source_of(config);
  source.checkpoint = Checkpoint::open(folder.path());
  const DetectionNetwork net = load_detector(source);
  return net.detect({random_tensor({1, 64, 64, 3}, 1)}, {}, nullptr).layers.back().boxes;
}

// Without the names that begin with this.
Tensors without(const Tensors& tensors, const std::string& prefix) {
  Tensors rest;
  for (const auto& [name, value] : tensors)
    if (!name.starts_with(prefix)) rest[name] = value;
  return rest;
}

TEST(DeformableDetrModel, BuildsTheBloodCellDetector) {
  const DetectorPlan plan = plan_deformable_detr(source_of(blood_cells()));
  EXPECT_EQ(plan.info.architecture, "DeformableDetrForObjectDetection");
  EXPECT_EQ(plan.info.labels, (std::vector<std::string>{"RBC", "WBC", "Platelets"}));
  ParameterStore store(1, Purpose::kInference);
  const DetectionNetwork net = build_detector(plan, store, "x");
  EXPECT_EQ(net.scores, BoxScores::kSigmoid);
  EXPECT_LT(net.info.parameters, 3000000);
  const DetectorOutput out = net.detect({random_tensor({1, 240, 320, 3}, 1)}, {}, nullptr);
  EXPECT_EQ(out.layers.back().logits.shape()[2], 3);
}

TEST(DeformableDetrModel, SavesTheHeadsUnderBothNames) {
  const Tensors two_stage = saved(thin());
  for (const std::string head : {"class_embed.3.bias", "bbox_embed.3.layers.2.weight"}) {
    ASSERT_TRUE(two_stage.contains(head)) << head;
    ASSERT_TRUE(two_stage.contains("model.decoder." + head)) << head;
    EXPECT_TRUE(same_bits(two_stage.at(head), two_stage.at("model.decoder." + head)));
  }
  EXPECT_EQ(two_stage.at("model.input_proj.0.0.weight").shape(), (Shape{32, 8, 1, 1}));
  EXPECT_TRUE(two_stage.contains(
      "model.backbone.conv_encoder.model.encoder.stages.3.layers.0.layer.1.normalization.running_var"));

  nlohmann::json config = thin();
  config["two_stage"] = false;
  const Tensors refined = saved(config);
  EXPECT_TRUE(refined.contains("model.decoder.bbox_embed.2.layers.0.bias"));
  EXPECT_FALSE(refined.contains("model.decoder.class_embed.0.bias"));
  EXPECT_FALSE(refined.contains("class_embed.3.bias"));
  config["with_box_refine"] = false;
  const Tensors plain = saved(config);
  EXPECT_TRUE(plain.contains("class_embed.0.bias"));
  EXPECT_FALSE(plain.contains("class_embed.1.bias"));
  EXPECT_FALSE(plain.contains("model.decoder.bbox_embed.0.layers.0.bias"));
}

TEST(DeformableDetrModel, ReadsHeadsUnderEitherName) {
  const Tensors all = saved(thin());
  const Tensor want = boxes_of(thin(), all);
  EXPECT_TRUE(same_bits(boxes_of(thin(), without(all, "model.decoder.bbox_embed.")), want));
  EXPECT_TRUE(same_bits(boxes_of(thin(), without(without(all, "bbox_embed."), "class_embed.")), want));
  expect_words(refusal_of([&] {
                 boxes_of(thin(), without(without(all, "bbox_embed."), "model.decoder.bbox_embed."));
               }),
               {"missing", "bbox_embed.0"});

  nlohmann::json config = thin();
  config["two_stage"] = config["with_box_refine"] = false;
  Tensors shared = saved(config);
  const Tensor plain = boxes_of(config, shared);
  shared["class_embed.1.bias"] = shared.at("class_embed.0.bias");  // as some files repeat it
  EXPECT_TRUE(same_bits(boxes_of(config, shared), plain));
}

TEST(DeformableDetrModel, RefusesConfigsThatFitNoModel) {
  const auto refusal = [](const std::string& key, const nlohmann::json& value) {
    nlohmann::json config = thin();
    config[key] = value;
    return refusal_of([&] { plan_deformable_detr(source_of(config)); });
  };
  expect_words(refusal("with_box_refine", false), {"x/config.json", "two_stage", "with_box_refine"});
  expect_words(refusal("d_model", 48), {"d_model", "48", "32"});
  expect_words(refusal("encoder_attention_heads", 5), {"encoder_attention_heads", "5"});
  expect_words(refusal("num_feature_levels", 2), {"num_feature_levels", "3 maps"});
  expect_words(refusal("dropout", 1.5), {"dropout"});
  expect_words(refusal("position_embedding_type", "rotary"), {"rotary", "sine and learned"});
  expect_words(refusal("decoder_layers", 1000), {"decoder_layers", "1000"});
  expect_words(refusal("architectures", {"DeformableDetrModel"}), {"DeformableDetrModel"});
}

}  // namespace
}  // namespace fovea
