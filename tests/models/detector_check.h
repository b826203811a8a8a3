#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/checkpoint/safetensors.h"
#include "attention/nn/weights.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"
#include "models/detection_network.h"
#include "tests/support/gradient_check.h"
#include "tests/support/random_tensor.h"
#include "tests/support/temp_folder.h"

// What every detector of transformers must do, from its config.json alone.
namespace fovea {

using Tensors = std::map<std::string, Tensor>;

inline ModelSource detector_source(const nlohmann::json& config) {
  return {.folder = "x", .config = ConfigJson("x/config.json", config.dump()), .checkpoint = {}};
}

// Everything that a model in the middle of its training holds, where nothing is zero, by our names.
inline Tensors stirred_state(const nlohmann::json& config) {
  ParameterStore fresh(11, Purpose::kTraining);
  build_detector(plan_detector(detector_source(config)), fresh, "x");
  Tensors state;
  uint64_t seed = 1;
  for (const auto& [name, value] : fresh.state())
    state[name] = name.ends_with("running_var") ? Tensor::full(value.shape(), 1.1f)
                                                : value.clone() + random_tensor(value.shape(), ++seed, 0.05);
  return state;
}

// A model over such a state, which the tests may change.
struct BuiltDetector {
  explicit BuiltDetector(const nlohmann::json& config, Purpose purpose = Purpose::kTraining)
      : BuiltDetector(config, stirred_state(config), purpose) {}
  BuiltDetector(const nlohmann::json& config, const Tensors& state, Purpose purpose)
      : store(as_checkpoint(state), purpose),
        net(build_detector(plan_detector(detector_source(config)), store, "x")) {}

  static ParameterMap as_checkpoint(const Tensors& state) {
    ParameterMap map;
    for (const auto& [name, value] : state)
      map[name] = {value.shape(), [kept = value] { return kept.clone(); }, name};
    return map;
  }
  DetectorOutput operator()(const DetectorInput& input, const Pass& pass = {}) const {
    return net.detect(input, pass, nullptr);
  }

  ParameterStore store;
  DetectionNetwork net;
};

inline Tensor loss_of(const DetectorOutput& output) {
  Tensor loss = Tensor::full({1}, 0);
  for (const BoxPredictions& one : output.layers) loss = loss + to_loss(one.logits) + to_loss(one.boxes);
  return loss;
}

inline void expect_near(const Tensor& got, const Tensor& want, float tolerance) {
  ASSERT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < got.count(); ++i)
    ASSERT_NEAR(got.data()[i], want.data()[i], tolerance * (1 + std::abs(want.data()[i]))) << i;
}

// Two pictures of 64 x 96, of which the second fills 40 x 70 if there is to be padding.
inline DetectorInput two_pictures(bool padded) {
  DetectorInput input{random_tensor({2, 64, 96, 3}, 4)};
  if (!padded) return input;
  input.padding = Tensor::full({2, 64, 96}, 0);
  for (int64_t i = 0; i < 64 * 96; ++i)
    if (i / 96 >= 40 || i % 96 >= 70) input.padding.mutable_data()[64 * 96 + i] = 1;
  return input;
}

// What the first decoder layer makes of queries' contents that are zeros.
inline const std::set<std::string> kOfZeros = {"decoder.layers.0.self_attn.q.weight",
                                               "decoder.layers.0.self_attn.k.weight",
                                               "decoder.layers.0.self_attn.v.weight"};

// What configs of Conditional DETR and of its followers share.
inline nlohmann::json small_conditional_config() {
  return {{"use_timm_backbone", false},
          {"backbone_config",
           {{"model_type", "resnet"},
            {"layer_type", "basic"},
            {"embedding_size", 8},
            {"hidden_sizes", {8, 8, 12, 16}},
            {"depths", {1, 1, 1, 1}},
            {"out_features", {"stage4"}}}},
          {"encoder_layers", 1},
          {"decoder_layers", 2},
          {"encoder_ffn_dim", 24},
          {"decoder_ffn_dim", 20},
          {"encoder_attention_heads", 2},
          {"decoder_attention_heads", 4},
          {"num_queries", 5},
          {"id2label", {{"0", "cat"}, {"1", "dog"}, {"2", "bird"}}}};
}

// In training every parameter gets a gradient that is not zero, but for those of `zeros`; each layer has its
// answer, and the norms of the backbone report their batch. A bias of all keys changes no softmax.
inline void expect_all_learn(const nlohmann::json& config, size_t layers,
                             const std::set<std::string>& zeros) {
  const BuiltDetector model(config);
  Rng rng(1);
  RunningUpdates updates;
  const DetectorOutput out = model(two_pictures(true), {.training = &rng, .running = &updates});
  ASSERT_EQ(out.layers.size(), layers);
  EXPECT_FALSE(updates.empty());
  const Gradients gradients = backward(loss_of(out));
  for (const Parameter& p : model.store.parameters()) {
    ASSERT_TRUE(gradients.has(p.value)) << p.name;
    double sum = 0;
    for (const float value : gradients[p.value].values()) sum += std::abs(value);
    EXPECT_TRUE(std::isfinite(sum)) << p.name;
    if (p.name.ends_with(".k.bias") || p.name.ends_with(".k_position.bias")) continue;
    EXPECT_EQ(sum == 0, zeros.contains(p.name)) << p.name;
  }
}

// A picture's answer does not depend on its batch, nor on padding that is not there.
inline void expect_batch_of_pictures(const nlohmann::json& config) {
  const BuiltDetector model(config, Purpose::kInference);
  const DetectorInput input = two_pictures(true);
  const DetectorOutput both = model(input);
  ASSERT_EQ(both.layers.size(), 1u);
  for (int64_t i = 0; i < 2; ++i) {
    const DetectorOutput one = model({slice(input.images, 0, i, 1), slice(input.padding, 0, i, 1)});
    expect_near(slice(both.layers[0].logits, 0, i, 1), one.layers[0].logits, 1e-5f);
    expect_near(slice(both.layers[0].boxes, 0, i, 1), one.layers[0].boxes, 1e-5f);
  }
  const DetectorOutput plain = model({slice(input.images, 0, 0, 1)});
  expect_near(slice(both.layers[0].boxes, 0, 0, 1), plain.layers[0].boxes, 1e-5f);
}

// What is packed for inference computes what training computes.
inline void expect_inference_as_training(const nlohmann::json& config) {
  for (const bool padded : {false, true}) {
    const DetectorOutput trained = BuiltDetector(config)(two_pictures(padded));
    const DetectorOutput inferred = BuiltDetector(config, Purpose::kInference)(two_pictures(padded));
    expect_near(inferred.layers.back().logits, trained.layers.back().logits, 1e-3f);
    expect_near(inferred.layers.back().boxes, trained.layers.back().boxes, 1e-3f);
  }
}

// By the names and in the shapes of the checkpoint.
inline Tensors saved_tensors(const nlohmann::json& config) {
  const DetectorPlan plan = plan_detector(detector_source(config));
  return to_stored(plan.names->rules(), stirred_state(config), plan.stored_shapes);
}

// The model that these tensors make as a file.
inline DetectionNetwork loaded_detector(const nlohmann::json& config, const Tensors& tensors) {
  const TempFolder folder;
  save_safetensors(folder.path() / "model.safetensors", tensors);
  ModelSource source = detector_source(config);
  source.checkpoint = Checkpoint::open(folder.path());
  return load_detector(source);
}

// What was saved is the same model when it is loaded.
inline void expect_saved_model_loads(const nlohmann::json& config) {
  const DetectionNetwork net = loaded_detector(config, saved_tensors(config));
  const DetectorInput input = two_pictures(true);
  const DetectorOutput want = BuiltDetector(config, Purpose::kInference)(input);
  const DetectorOutput got = net.detect(input, {}, nullptr);
  EXPECT_TRUE(same_bits(got.layers.back().logits, want.layers.back().logits));
  EXPECT_TRUE(same_bits(got.layers.back().boxes, want.layers.back().boxes));
}

}  // namespace fovea
