#include "models/deformable_detr.h"

#include <gtest/gtest.h>

#include <cmath>

#include "attention/autograd/grad.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"
#include "tests/models/refusal.h"
#include "tests/support/gradient_check.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

DeformableDetrConfig small(bool two_stage, bool refine) {
  return {
      .backbone = {.stem = {8}, .stages = {{8, 1, 1}, {16, 1}, {24, 1}}, .bottleneck = false, .classes = 0},
      .maps = {2, 3},
      .levels = 3,
      .classes = 3,
      .queries = 6,
      .encoder = {.attention = {.dim = 32, .heads = 4, .levels = 3, .points = 2}, .mlp = 40},
      .decoder = {.attention = {.dim = 32, .heads = 2, .levels = 3, .points = 3}, .mlp = 48},
      .encoder_layers = 1,
      .decoder_layers = 2,
      .refine = refine,
      .two_stage = two_stage};
}

// A model somewhere in the middle of its training, where nothing is zero.
struct Trained {
  Trained(const DeformableDetrConfig& config, Purpose purpose = Purpose::kTraining)
      : store(stirred(config), purpose), net(config, Weights(store)) {}

  static ParameterMap stirred(const DeformableDetrConfig& config) {
    ParameterStore fresh(11, Purpose::kTraining);
    const DeformableDetr net(config, Weights(fresh));
    ParameterMap map;
    uint64_t seed = 1;
    for (const auto& [name, value] : fresh.state()) {
      const Tensor moved = value.clone() + random_tensor(value.shape(), ++seed, 0.05);
      map[name] = {value.shape(), [moved] { return moved.clone(); }, name};
    }
    for (auto& [name, parameter] : map)
      if (name.ends_with("running_var"))
        parameter.read = [shape = parameter.shape] { return Tensor::full(shape, 1.1f); };
    return map;
  }

  ParameterStore store;
  DeformableDetr net;
};

Tensor some_boxes(int64_t batch, int64_t count, uint64_t seed) {
  Rng rng(seed);
  Tensor boxes(Shape{batch, count, 4});
  for (int64_t i = 0; i < boxes.count(); ++i)
    boxes.mutable_data()[i] =
        static_cast<float>(i % 4 < 2 ? 0.2 + 0.6 * rng.uniform() : 0.1 + 0.2 * rng.uniform());
  return boxes;
}

Tensor loss_of(const std::vector<BoxPredictions>& all) {
  Tensor loss = Tensor::full({1}, 0);
  for (const BoxPredictions& one : all) loss = loss + to_loss(one.logits) + to_loss(one.boxes);
  return loss;
}

void expect_near(const Tensor& got, const Tensor& want, float tolerance) {
  ASSERT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < got.count(); ++i)
    ASSERT_NEAR(got.data()[i], want.data()[i], tolerance * (1 + std::abs(want.data()[i]))) << i;
}

void expect_all_learn(const Trained& model, const Gradients& gradients) {
  for (const Parameter& p : model.store.parameters()) {
    ASSERT_TRUE(gradients.has(p.value)) << p.name;
    const Tensor& gradient = gradients[p.value];
    double sum = 0;
    for (const float value : gradient.values()) sum += std::abs(value);
    EXPECT_TRUE(std::isfinite(sum)) << p.name;
    // A bias of all keys changes no softmax.
    if (!p.name.ends_with("self_attn.k.bias")) {
      EXPECT_GT(sum, 0) << p.name;
    }
  }
}

TEST(DeformableDetr, EveryParameterLearnsFromQueriesTokensAndDenoising) {
  DeformableDetrConfig config = small(true, true);
  config.encoder.dropout = config.decoder.dropout = config.decoder.attention_dropout = 0.1f;
  config.decoder.activation_dropout = 0.1f;
  const Trained model(config);
  Rng rng(1);
  RunningUpdates updates;
  const DenoisingQueries noisy{some_boxes(2, 8, 5), 4};
  const DetectorOutput out =
      model.net.detect({random_tensor({2, 64, 96, 3}, 2)}, {.training = &rng, .running = &updates}, &noisy);
  ASSERT_EQ(out.layers.size(), 2u);
  ASSERT_EQ(out.denoised.size(), 2u);
  ASSERT_TRUE(out.tokens);
  EXPECT_EQ(out.layers[0].logits.shape(), (Shape{2, 6, 3}));
  EXPECT_EQ(out.denoised[1].boxes.shape(), (Shape{2, 8, 4}));
  EXPECT_EQ(out.tokens->boxes.shape(), (Shape{2, 8 * 12 + 4 * 6 + 2 * 3, 4}));
  EXPECT_FALSE(updates.empty());
  expect_all_learn(model, backward(loss_of(out.layers) + loss_of(out.denoised) + loss_of({*out.tokens})));
}

TEST(DeformableDetr, EveryParameterLearnsOfLearnedQueries) {
  for (const bool refine : {false, true}) {
    DeformableDetrConfig config = small(false, refine);
    config.learned_positions = true;
    const Trained model(config);
    const DetectorOutput out = model.net.detect({random_tensor({2, 64, 96, 3}, 2)});
    EXPECT_FALSE(out.tokens);
    ASSERT_EQ(out.layers.size(), 2u);
    expect_all_learn(model, backward(loss_of(out.layers)));
  }
}

// Boxes are corrected from layer to layer, but no layer learns from the next one's correction.
TEST(DeformableDetr, NoGradientCrossesTheBoxesBetweenLayers) {
  const Trained model(small(true, true));
  const DetectorOutput out = model.net.detect({random_tensor({1, 64, 96, 3}, 2)});
  const Gradients gradients = backward(to_loss(out.layers[1].boxes));
  for (const Parameter& p : model.store.parameters()) {
    const bool of_last = p.name.starts_with("box_heads.1.");
    if (p.name.starts_with("box_heads.")) {
      EXPECT_EQ(gradients.has(p.value), of_last) << p.name;
    }
    if (p.name.starts_with("tokens.")) {
      EXPECT_FALSE(gradients.has(p.value)) << p.name;
    }
  }
}

TEST(DeformableDetr, DenoisingGroupsAreSeenByNobodyElse) {
  const Trained model(small(true, true));
  const DetectorInput input{random_tensor({2, 64, 96, 3}, 3)};
  const Tensor first = some_boxes(2, 4, 7), other = some_boxes(2, 4, 8), third = some_boxes(2, 4, 9);
  const DenoisingQueries two{concat(first, other, 1), 4}, changed{concat(third, other, 1), 4};
  const DetectorOutput without = model.net.detect(input), with = model.net.detect(input, {}, &two),
                       with_changed = model.net.detect(input, {}, &changed);
  EXPECT_TRUE(without.denoised.empty());
  for (size_t i = 0; i < 2; ++i) {
    expect_near(with.layers[i].logits, without.layers[i].logits, 1e-5f);
    expect_near(with.layers[i].boxes, without.layers[i].boxes, 1e-5f);
    const auto group = [&](const DetectorOutput& out, int64_t which) {
      return slice(out.denoised[i].logits, 1, 4 * which, 4);
    };
    expect_near(group(with_changed, 1), group(with, 1), 1e-5f);
    EXPECT_FALSE(same_bits(group(with_changed, 0), group(with, 0)));
  }
}

// A group that begins where the queries do computes what the queries compute.
TEST(DeformableDetr, DenoisingQueriesAreQueriesAtGivenBoxes) {
  const Trained model(small(true, true));
  const DetectorInput input{random_tensor({2, 64, 96, 3}, 3)};
  DeformableDetr::Trace trace;
  model.net.detect(input, {}, nullptr, &trace);
  const DenoisingQueries same{trace.references.front(), 6};
  const DetectorOutput out = model.net.detect(input, {}, &same);
  expect_near(out.denoised[1].logits, out.layers[1].logits, 1e-5f);
  expect_near(out.denoised[1].boxes, out.layers[1].boxes, 1e-5f);
}

TEST(DeformableDetr, ABatchOfTwoIsTwoOfOne) {
  const Tensor images = random_tensor({2, 64, 96, 3}, 4);
  Tensor padding = Tensor::full({2, 64, 96}, 0);
  for (int64_t y = 0; y < 64; ++y)  // the second picture is 40 x 70
    for (int64_t x = 0; x < 96; ++x)
      if (y >= 40 || x >= 70) padding.mutable_data()[(64 + y) * 96 + x] = 1;
  for (const bool two_stage : {false, true}) {
    const Trained model(small(two_stage, two_stage), Purpose::kInference);
    const DetectorOutput both = model.net.detect({images, padding});
    ASSERT_EQ(both.layers.size(), 1u);
    EXPECT_FALSE(both.tokens);
    for (int64_t i = 0; i < 2; ++i) {
      const DetectorOutput one = model.net.detect({slice(images, 0, i, 1), slice(padding, 0, i, 1)});
      expect_near(slice(both.layers[0].logits, 0, i, 1), one.layers[0].logits, 1e-5f);
      expect_near(slice(both.layers[0].boxes, 0, i, 1), one.layers[0].boxes, 1e-5f);
    }
    const DetectorOutput plain = model.net.detect({slice(images, 0, 0, 1)});
    expect_near(slice(both.layers[0].boxes, 0, 0, 1), plain.layers[0].boxes, 1e-5f);
  }
}

TEST(DeformableDetr, TrainsAndInfersAlike) {
  const DetectorInput input{random_tensor({2, 64, 96, 3}, 5)};
  for (const bool refine : {false, true})
    for (const bool two_stage : {false, true}) {
      if (two_stage && !refine) continue;
      const DetectorOutput trained = Trained(small(two_stage, refine)).net.detect(input);
      const DetectorOutput inferred =
          Trained(small(two_stage, refine), Purpose::kInference).net.detect(input);
      expect_near(inferred.layers.back().logits, trained.layers.back().logits, 1e-3f);
      expect_near(inferred.layers.back().boxes, trained.layers.back().boxes, 1e-3f);
    }
}

TEST(DeformableDetr, BeginsAsThePaperDoes) {
  for (const bool two_stage : {false, true}) {
    ParameterStore store(1, Purpose::kTraining);
    const DeformableDetr net(small(two_stage, true), Weights(store));
    std::map<std::string, Tensor> values;
    for (const Parameter& p : store.parameters()) values[p.name] = p.value;
    EXPECT_FLOAT_EQ(values.at("class_heads.1.bias").data()[0], -std::log(0.99f / 0.01f));
    const Tensor first = values.at("box_heads.0.layers.2.bias"),
                 next = values.at("box_heads.1.layers.2.bias");
    EXPECT_EQ(first.data()[0], 0);
    EXPECT_EQ(first.data()[2], two_stage ? 0 : -2);
    EXPECT_EQ(next.data()[3], 0);
    for (const float weight : values.at("box_heads.0.layers.2.weight").values()) EXPECT_EQ(weight, 0);
    double squares = 0;
    for (const float value : values.at("level_embed").values()) squares += static_cast<double>(value) * value;
    EXPECT_NEAR(squares / static_cast<double>(values.at("level_embed").count()), 1, 0.4);
    EXPECT_EQ(values.contains("queries.weight"), !two_stage);
    EXPECT_EQ(values.contains("class_heads.2.weight"), two_stage);
  }
}

TEST(DeformableDetr, RefusesWhatDoesNotFit) {
  const Trained model(small(true, true));
  const Tensor images = random_tensor({1, 64, 96, 3}, 2);
  const DenoisingQueries uneven{some_boxes(1, 5, 1), 2}, two{some_boxes(2, 4, 1), 2};
  for (const DenoisingQueries* noisy : {&uneven, &two})
    expect_words(refusal_of([&] { model.net.detect({images}, {}, noisy); }), {"denoising", "groups of 2"});
  expect_words(refusal_of([&] {
                 model.net.detect({images, Tensor::full({1, 64, 95}, 0)});
               }),
               {"[1, 64, 95]"});
  expect_words(refusal_of([&] { model.net.detect({random_tensor({1, 8, 8, 3}, 1)}); }), {"6 queries"});
  const Trained learned(small(false, true));
  expect_words(refusal_of([&] { learned.net.detect({images}, {}, &two); }), {"two-stage"});
}

}  // namespace
}  // namespace fovea
