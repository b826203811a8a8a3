#include "models/dab_detr.h"

#include <gtest/gtest.h>

#include "tests/models/detector_check.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

nlohmann::json small() {
  nlohmann::json config = small_conditional_config();
  config.update(
      {{"model_type", "dab-detr"}, {"architectures", {"DabDetrForObjectDetection"}}, {"hidden_size", 16}});
  return config;
}

nlohmann::json with(const nlohmann::json& changes) {
  nlohmann::json config = small();
  config.update(changes);
  return config;
}

std::vector<nlohmann::json> variants() {
  return {small(), with({{"num_patterns", 3}, {"keep_query_pos", true}}),
          with({{"normalize_before", true}, {"activation_function", "relu"}, {"temperature_width", 35}})};
}

TEST(DabDetr, EveryParameterLearns) {
  for (const nlohmann::json& config : variants())
    expect_all_learn(config, 2, config.contains("num_patterns") ? std::set<std::string>() : kOfZeros);
}

TEST(DabDetr, AnswersEachPictureOfABatchAlike) {
  for (const nlohmann::json& config : variants()) expect_batch_of_pictures(config);
}

TEST(DabDetr, TrainsAndInfersAlike) {
  for (const nlohmann::json& config : variants()) expect_inference_as_training(config);
}

TEST(DabDetr, LoadsWhatWasSaved) {
  for (const nlohmann::json& config : variants()) expect_saved_model_loads(config);
  const Tensors stored = saved_tensors(variants()[1]);
  for (const char* name :
       {"model.decoder.layers.1.cross_attn.cross_attn_query_pos_proj.weight", "model.patterns.weight",
        "model.decoder.layers.0.self_attn.self_attn.output_proj.bias",
        "model.encoder.layers.0.activation_fn.weight", "model.decoder.layers.1.mlp.activation_fn.weight",
        "model.decoder.ref_anchor_head.layers.1.bias", "model.decoder.bbox_embed.layers.2.weight",
        "class_embed.bias", "model.encoder.query_scale.layers.0.weight"})
    EXPECT_TRUE(stored.contains(name)) << name;
  EXPECT_EQ(stored.at("model.input_projection.weight").shape(), (Shape{16, 16, 1, 1}));
  const Tensors plain = saved_tensors(small());
  EXPECT_FALSE(plain.contains("model.decoder.layers.1.cross_attn.cross_attn_query_pos_proj.weight"));
  EXPECT_FALSE(plain.contains("model.patterns.weight"));
}

// One tensor, which files call by either name, or by both.
TEST(DabDetr, ReadsTheBoxHeadUnderItsOtherName) {
  const Tensors saved = saved_tensors(small());
  Tensors moved, both = saved;
  for (const auto& [name, value] : saved) {
    const std::string decoder = "model.decoder.bbox_embed.";
    const bool box = name.starts_with(decoder);
    moved[box ? "bbox_predictor." + name.substr(decoder.size()) : name] = value;
    if (box) both["bbox_predictor." + name.substr(decoder.size())] = value;
  }
  EXPECT_EQ(both.size(), saved.size() + 6);
  const DetectorInput input = two_pictures(false);
  const auto boxes = [&](const Tensors& tensors) {
    return loaded_detector(small(), tensors).detect(input, {}, nullptr).layers.back().boxes;
  };
  const Tensor want = boxes(saved);
  EXPECT_TRUE(same_bits(boxes(moved), want));
  EXPECT_TRUE(same_bits(boxes(both), want));
}

// Before anything is learnt no layer moves a query's box.
TEST(DabDetr, BeginsWithItsQueriesAsBoxes) {
  ParameterStore store(2, Purpose::kTraining);
  const DetectionNetwork net = build_detector(plan_detector(detector_source(small())), store, "x");
  EXPECT_EQ(net.scores, BoxScores::kSigmoid);
  Tensor queries;
  for (const Parameter& p : store.parameters()) {
    if (p.name == "queries") queries = p.value;
    if (p.name != "class_head.bias") continue;
    EXPECT_FLOAT_EQ(p.value.data()[1], -std::log(3.f));  // 1 in 3 + 1
  }
  const DetectorOutput out = net.detect({random_tensor({1, 64, 64, 3}, 1)}, {}, nullptr);
  ASSERT_EQ(out.layers.size(), 2u);
  for (const BoxPredictions& layer : out.layers)
    for (int64_t i = 0; i < layer.boxes.count(); ++i)
      EXPECT_NEAR(layer.boxes.data()[i], 1 / (1 + std::exp(-queries.data()[i])), 1e-5) << i;
}

// A layer's boxes teach the boxes of the layer before, but not the queries through what that layer saw.
TEST(DabDetr, LaterLayersSeeBoxesThatTheyDoNotTeach) {
  const BuiltDetector model(small());
  const DetectorOutput out = model(two_pictures(false));
  const Gradients by_logits = backward(to_loss(out.layers[1].logits));
  const Gradients by_boxes = backward(to_loss(out.layers[1].boxes));
  for (const Parameter& p : model.store.parameters())
    if (p.name.starts_with("box_head.")) {
      EXPECT_FALSE(by_logits.has(p.value)) << p.name;
      EXPECT_TRUE(by_boxes.has(p.value)) << p.name;
    }
}

TEST(DabDetr, TriesEveryPatternAtEveryBox) {
  const nlohmann::json config = with({{"num_patterns", 3}});
  Tensors state = stirred_state(config);
  Tensor& patterns = state.at("patterns");  // the third is the first
  std::copy_n(patterns.data(), 16, patterns.mutable_data() + 32);
  const DetectorOutput out = BuiltDetector(config, state, Purpose::kInference)(two_pictures(false));
  const Tensor& logits = out.layers.back().logits;
  ASSERT_EQ(logits.shape(), (Shape{2, 15, 3}));
  const auto of_pattern = [&](int64_t i) { return slice(logits, 1, 5 * i, 5); };
  EXPECT_TRUE(same_bits(of_pattern(0), of_pattern(2)));
  EXPECT_FALSE(same_bits(of_pattern(0), of_pattern(1)));
}

TEST(DabDetr, NamesEveryOutputOfTheLibrary) {
  const BuiltDetector model(with({{"normalize_before", true}}), Purpose::kInference);
  const Tensors named = model.net.outputs(two_pictures(true), true);
  EXPECT_EQ(named.size(), 2u + 1 + 1 + 2 + 3 + 1 + 2 + 2);
  EXPECT_EQ(named.at("cross_attentions.1").shape(), (Shape{2, 4, 5, 6}));
  EXPECT_TRUE(same_bits(named.at("decoder_hidden_states.2"), named.at("last_hidden_state")));
  EXPECT_TRUE(same_bits(named.at("encoder_hidden_states.1"), named.at("encoder_last_hidden_state")));
  EXPECT_EQ(model.net.outputs(two_pictures(true), false).size(), 2u);
}

TEST(DabDetr, RefusesWhatItCannotBuild) {
  const auto refusal = [](const nlohmann::json& changes) {
    return refusal_of([&] { plan_detector(detector_source(with(changes))); });
  };
  expect_words(refusal({{"query_dim", 2}}), {"x/config.json", "query_dim"});
  expect_words(refusal({{"decoder_attention_heads", 5}}), {"x/config.json", "5 heads"});
  expect_words(refusal({{"temperature_width", 0}}), {"temperature_width"});
  expect_words(refusal({{"initializer_bias_prior_prob", 1.5}}), {"initializer_bias_prior_prob"});
  expect_words(refusal({{"activation_function", "maxout"}}), {"activation_function", "maxout"});
}

}  // namespace
}  // namespace fovea
