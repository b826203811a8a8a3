#include "models/conditional_detr.h"

#include <gtest/gtest.h>

#include "tests/models/detector_check.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

nlohmann::json small() {
  nlohmann::json config = small_conditional_config();
  config.update({{"model_type", "conditional_detr"},
                 {"architectures", {"ConditionalDetrForObjectDetection"}},
                 {"d_model", 16}});
  return config;
}

nlohmann::json with(const char* key, const nlohmann::json& value) {
  nlohmann::json config = small();
  config[key] = value;
  return config;
}

TEST(ConditionalDetr, EveryParameterLearns) {
  for (const nlohmann::json& config :
       {small(), with("auxiliary_loss", true), with("position_embedding_type", "learned")})
    expect_all_learn(config, 2, kOfZeros);
}

TEST(ConditionalDetr, AnswersEachPictureOfABatchAlike) {
  expect_batch_of_pictures(small());
  expect_batch_of_pictures(with("position_embedding_type", "learned"));
}

TEST(ConditionalDetr, TrainsAndInfersAlike) {
  expect_inference_as_training(small());
  expect_inference_as_training(with("auxiliary_loss", true));
}

TEST(ConditionalDetr, LoadsWhatWasSaved) {
  expect_saved_model_loads(small());
  expect_saved_model_loads(with("position_embedding_type", "learned"));
  const Tensors stored = saved_tensors(small());
  for (const char* name :
       {"model.decoder.layers.0.ca_qpos_proj.weight", "model.decoder.layers.1.sa_kpos_proj.bias",
        "model.decoder.layers.1.self_attn.out_proj.weight", "model.decoder.ref_point_head.layers.1.bias",
        "model.encoder.layers.0.self_attn.q_proj.weight", "bbox_predictor.layers.2.weight",
        "model.backbone.conv_encoder.model.encoder.stages.3.layers.0.layer.1.normalization.running_var"})
    EXPECT_TRUE(stored.contains(name)) << name;
  EXPECT_FALSE(stored.contains("model.decoder.layers.1.ca_qpos_proj.weight"));
  EXPECT_EQ(stored.at("model.input_projection.weight").shape(), (Shape{16, 16, 1, 1}));
  EXPECT_EQ(stored.at("class_labels_classifier.weight").shape(), (Shape{3, 16}));
}

// Scores begin as low as objects are rare; boxes at their queries' centres, half the picture wide and high.
TEST(ConditionalDetr, BeginsWithRareClassesAtTheQueriesCentres) {
  ParameterStore store(2, Purpose::kTraining);
  const DetectionNetwork net = build_detector(plan_detector(detector_source(small())), store, "x");
  EXPECT_EQ(net.scores, BoxScores::kSigmoid);
  for (const Parameter& p : store.parameters()) {
    if (p.name != "class_head.bias") continue;
    for (const float bias : p.value.values()) EXPECT_FLOAT_EQ(bias, -std::log(99.f));
  }
  const BoxPredictions first = net.detect({random_tensor({1, 64, 64, 3}, 1)}, {}, nullptr).layers.front();
  const BoxPredictions other = net.detect({random_tensor({1, 64, 96, 3}, 2)}, {}, nullptr).layers.back();
  EXPECT_TRUE(same_bits(first.boxes, other.boxes));
  for (int64_t i = 2; i < first.boxes.count(); i += i % 4 == 3 ? 3 : 1)
    EXPECT_EQ(first.boxes.data()[i], 0.5f);
  EXPECT_NE(first.boxes.data()[0], first.boxes.data()[4]);
}

// transformers' model with auxiliary losses hands the norm on from layer to layer.
TEST(ConditionalDetr, NormsBetweenLayersWhereTheLibraryDoes) {
  const Tensors state = stirred_state(small());
  const DetectorInput input = two_pictures(false);
  const auto all = [&](const nlohmann::json& config) {
    return BuiltDetector(config, state, Purpose::kTraining)(input);
  };
  const DetectorOutput plain = all(small()), normed = all(with("auxiliary_loss", true));
  EXPECT_TRUE(same_bits(plain.layers[0].logits, normed.layers[0].logits));
  EXPECT_FALSE(same_bits(plain.layers[1].logits, normed.layers[1].logits));
}

TEST(ConditionalDetr, NamesEveryOutputOfTheLibrary) {
  const BuiltDetector model(small(), Purpose::kInference);
  const Tensors named = model.net.outputs(two_pictures(true), true);
  EXPECT_EQ(named.size(), 2u + 1 + 1 + 2 + 3 + 1 + 2 + 2);
  EXPECT_EQ(named.at("cross_attentions.1").shape(), (Shape{2, 4, 5, 6}));
  EXPECT_TRUE(same_bits(named.at("decoder_hidden_states.2"), named.at("last_hidden_state")));
  EXPECT_TRUE(same_bits(named.at("encoder_hidden_states.1"), named.at("encoder_last_hidden_state")));
  EXPECT_TRUE(same_bits(named.at("logits"), model(two_pictures(true)).layers.back().logits));
  EXPECT_EQ(model.net.outputs(two_pictures(true), false).size(), 2u);
}

TEST(ConditionalDetr, RefusesWhatItCannotBuild) {
  const auto refusal = [](const nlohmann::json& config) {
    return refusal_of([&] { plan_detector(detector_source(config)); });
  };
  nlohmann::json odd = with("position_embedding_type", "learned");
  odd["d_model"] = 12 + 2;
  odd["encoder_attention_heads"] = odd["decoder_attention_heads"] = 2;
  expect_words(refusal(odd), {"x/config.json", "d_model", "14"});
  expect_words(refusal(with("decoder_attention_heads", 5)), {"x/config.json", "5 heads", "16"});
  expect_words(refusal(with("architectures", {"ConditionalDetrForSegmentation"})), {"ForSegmentation"});
}

}  // namespace
}  // namespace fovea
