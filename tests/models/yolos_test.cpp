#include "models/yolos.h"

#include "attention/base/parallel.h"
#include "tests/models/detector_check.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

nlohmann::json tiny(bool middle) {
  return {{"model_type", "yolos"},
          {"hidden_size", 16},
          {"num_hidden_layers", 3},
          {"num_attention_heads", 2},
          {"intermediate_size", 24},
          {"image_size", {64, 96}},
          {"patch_size", 16},
          {"num_detection_tokens", 5},
          {"use_mid_position_embeddings", middle},
          {"id2label", {{"0", "cell"}, {"1", "platelet"}}}};
}

// For pictures of the model's own size and of another, to which its positions are fitted.
TEST(Yolos, EveryParameterLearns) {
  for (const bool middle : {false, true})
    for (const Shape& pictures : {Shape{2, 64, 96, 3}, Shape{1, 48, 80, 3}}) {
      const BuiltDetector model(tiny(middle));
      const DetectorOutput out = model({random_tensor(pictures, 4)});
      ASSERT_EQ(out.layers.size(), 1u);
      EXPECT_EQ(out.layers[0].logits.shape(), (Shape{pictures[0], 5, 3}));
      EXPECT_EQ(out.layers[0].boxes.shape(), (Shape{pictures[0], 5, 4}));
      const Gradients gradients = backward(loss_of(out));
      for (const Parameter& p : model.store.parameters()) {
        ASSERT_TRUE(gradients.has(p.value)) << p.name;
        double sum = 0;
        for (const float value : gradients[p.value].values()) sum += std::abs(value);
        EXPECT_TRUE(std::isfinite(sum)) << p.name;
        EXPECT_TRUE(p.name.ends_with(".k.bias") || sum > 0) << p.name;  // a softmax sees no shift
      }
    }
}

TEST(Yolos, SavesUnderTheNamesThatItLoads) {
  expect_saved_model_loads(tiny(true));
  expect_saved_model_loads(tiny(false));
  const auto saved = saved_tensors(tiny(true));
  EXPECT_EQ(saved.at("vit.encoder.mid_position_embeddings").shape(), (Shape{2, 1, 30, 16}));
  EXPECT_EQ(saved.at("vit.embeddings.detection_tokens").shape(), (Shape{1, 5, 16}));
  EXPECT_EQ(saved.at("vit.embeddings.patch_embeddings.projection.weight").shape(), (Shape{16, 3, 16, 16}));
}

TEST(Yolos, InfersWhatItTrains) {
  expect_inference_as_training(tiny(true));
}

// The last layer computes the asked tokens alone, unless all are wanted.
TEST(Yolos, SameAnswerWithAndWithoutTheOtherTokens) {
  const BuiltDetector model(tiny(true), Purpose::kInference);
  const DetectorInput input{random_tensor({1, 64, 96, 3}, 6)};
  const auto few = model.net.outputs(input, false), all = model.net.outputs(input, true);
  EXPECT_TRUE(same_bits(few.at("logits"), all.at("logits")));
  EXPECT_TRUE(same_bits(few.at("pred_boxes"), all.at("pred_boxes")));
  EXPECT_EQ(all.at("last_hidden_state").shape(), (Shape{1, 30, 16}));
  EXPECT_EQ(all.at("attentions.2").shape(), (Shape{1, 2, 30, 30}));
}

TEST(Yolos, SameBitsForAnyThreadsAndBatch) {
  const BuiltDetector model(tiny(true), Purpose::kInference);
  const Tensor images = random_tensor({3, 50, 70, 3}, 9);
  const BoxPredictions want = model({images}).layers[0];
  for (int threads : {1, 3}) {
    Threads arena(threads);
    for (int64_t i = 0; i < 3; ++i) {
      BoxPredictions got;
      arena.run([&] { got = model({slice(images, 0, i, 1)}).layers[0]; });
      EXPECT_TRUE(same_bits(got.boxes, slice(want.boxes, 0, i, 1))) << threads;
    }
  }
}

TEST(Yolos, RefusesWhatCannotBeBuilt) {
  const auto line_of = [](const char* key, const nlohmann::json& value) {
    nlohmann::json config = tiny(true);
    config[key] = value;
    return refusal_of([&] { load_detector(detector_source(config)); });
  };
  expect_words(line_of("num_attention_heads", 3), {"x/config.json", "heads"});
  expect_words(line_of("image_size", {8, 8}), {"x/config.json", "smaller than a patch"});
  expect_words(line_of("num_detection_tokens", 0), {"num_detection_tokens"});
  expect_words(line_of("architectures", {"YolosModel"}), {"YolosModel"});
}

}  // namespace
}  // namespace fovea
