#include <gtest/gtest.h>

#include "attention/base/parallel.h"
#include "models/conditional_layers.h"
#include "models/detr_config.h"
#include "tests/models/detector_check.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

constexpr const char* kParts[] = {"dropout", "attention_dropout", "activation_dropout"};

// One of each family, in which nothing drops.
std::vector<nlohmann::json> families() {
  std::vector<nlohmann::json> configs(4, small_conditional_config());
  for (nlohmann::json& config : configs) {
    config.update({{"d_model", 16}, {"hidden_size", 16}, {"position_embedding_type", "sine"}});
    for (const char* part : kParts) config[part] = 0;
  }
  configs[0]["model_type"] = "detr";
  configs[1]["model_type"] = "table-transformer";
  configs[2]["model_type"] = "conditional_detr";
  configs[3]["model_type"] = "dab-detr";
  return configs;
}

DetectorOutput trained(const nlohmann::json& config, uint64_t seed) {
  Rng rng(seed);
  return BuiltDetector(config)(two_pictures(true), {.training = &rng});
}

bool same(const DetectorOutput& a, const DetectorOutput& b) {
  return same_bits(a.layers.back().logits, b.layers.back().logits) &&
         same_bits(a.layers.back().boxes, b.layers.back().boxes);
}

TEST(DetrDropout, WithoutSharesTrainingComputesWhatInferenceDoes) {
  for (const nlohmann::json& config : families())
    EXPECT_TRUE(same(trained(config, 1), BuiltDetector(config)(two_pictures(true)))) << config["model_type"];
}

TEST(DetrDropout, EachPartDropsInTrainingAlone) {
  for (const nlohmann::json& config : families())
    for (const char* part : kParts) {
      nlohmann::json drops = config;
      drops[part] = 0.3;
      const auto name = [&] { return config["model_type"].get<std::string>() + " " + part; };
      const DetectorOutput plain = BuiltDetector(config)(two_pictures(true)), first = trained(drops, 1);
      EXPECT_TRUE(same(BuiltDetector(drops)(two_pictures(true)), plain)) << name();
      EXPECT_FALSE(same(first, plain)) << name();
      EXPECT_FALSE(same(first, trained(drops, 2))) << name();
    }
}

TEST(DetrDropout, OneSeedGivesTheSameBitsForAnyThreads) {
  for (nlohmann::json config : families()) {
    for (const char* part : kParts) config[part] = 0.2;
    config["encoder_layerdrop"] = config["decoder_layerdrop"] = 0.2;
    const DetectorOutput want = trained(config, 7);
    for (const int threads : {1, 3}) {
      DetectorOutput got;
      Threads(threads).run([&] { got = trained(config, 7); });
      EXPECT_TRUE(same(got, want)) << config["model_type"] << threads;
    }
  }
}

// transformers drops of what the encoder gets too; the original repository and DAB-DETR do not.
TEST(DetrDropout, TheEncodersInputDropsValues) {
  ParameterStore store(5, Purpose::kTraining);
  const DetrEncoder empty({.dim = 16, .encoder_layers = 0, .input_dropout = 0.25f},
                          Weights(store) / "encoder");
  const Tensor x = Tensor::full({2, 500, 16}, 3);
  EXPECT_TRUE(same_bits(empty(x, {}, {}), x));
  Rng rng(1);
  int64_t gone = 0;
  for (const float v : empty(x, {}, {.training = &rng}).values()) {
    gone += v == 0;
    EXPECT_TRUE(v == 0 || v == 4) << v;
  }
  EXPECT_NEAR(gone, 4000, 5 * std::sqrt(3000.));
  for (const nlohmann::json& plain : families()) {
    if (plain["model_type"] == "dab-detr") continue;
    nlohmann::json config = plain;
    config["dropout"] = 0.25;
    ModelInfo info;
    EXPECT_EQ(detr_from_transformers(detector_source(config), info).config.transformer.input_dropout, 0.25f)
        << plain["model_type"];
  }
}

// Each part of a layer by itself: that the others drop hides nothing.
TEST(DetrDropout, EveryAttentionDropsWeightsThatAverageOut) {
  ParameterStore store(5, Purpose::kTraining);
  const DetrLayerConfig c{.dim = 16, .mlp = 24, .heads = 4, .attention_dropout = 0.25f};
  const PlacedSelfAttention self(c, Weights(store) / "self");
  const ConditionalCrossAttention cross(c, true, Weights(store) / "cross");
  const Tensor x = random_tensor({2, 5, 16}, 1), tokens = random_tensor({2, 7, 16}, 2);
  const QueryPlaces places{random_tensor({5, 16}, 3), random_tensor({5, 16}, 4)};
  const ConditionalMemory memory{tokens, {random_tensor({7, 16}, 5)}};
  const std::vector<std::function<Tensor(const Pass&)>> attentions = {
      [&](const Pass& pass) { return self(x, places, Tensor(), pass); },
      [&](const Pass& pass) { return cross(x, places, memory, Tensor(), pass); }};
  constexpr int kPasses = 3000;
  for (const auto& attend : attentions) {
    const Tensor want = attend({});
    Rng rng(9);
    std::vector<double> sums(static_cast<size_t>(want.count()));
    double far = 0;
    for (int pass = 0; pass < kPasses; ++pass) {
      const Tensor y = attend({.training = &rng});
      for (int64_t i = 0; i < y.count(); ++i) {
        sums[static_cast<size_t>(i)] += static_cast<double>(y.data()[i]) / kPasses;
        far = std::max(far, static_cast<double>(std::abs(y.data()[i] - want.data()[i])));
      }
    }
    EXPECT_GT(far, 0.1);
    for (int64_t i = 0; i < want.count(); ++i)
      EXPECT_NEAR(sums[static_cast<size_t>(i)], static_cast<double>(want.data()[i]), far / 15) << i;
  }
}

TEST(DetrDropout, LayersAreLeftOutWholeInTraining) {
  ParameterStore store(5, Purpose::kTraining);
  const DetrLayerConfig c{.dim = 16, .mlp = 24, .heads = 4, .layer_drop = 0.25f};
  const DetrEncoderLayer encoder(c, Weights(store) / "encoder");
  const DetrDecoderLayer decoder(c, Weights(store) / "decoder");
  const ConditionalDecoderLayer conditional(c, true, Weights(store) / "conditional");
  const Tensor x = random_tensor({1, 5, 16}, 1), at = random_tensor({5, 16}, 2);
  const std::vector<std::function<Tensor(const Pass&)>> layers = {
      [&](const Pass& pass) { return encoder(x, {at}, pass); },
      [&](const Pass& pass) {
        return decoder(x, at, {x, x}, pass);
      },
      [&](const Pass& pass) {
        return conditional(x, {at, at}, {x, {at}}, pass);
      }};
  for (const auto& layer : layers) {
    const Tensor whole = layer({});
    Rng rng(3);
    int left_out = 0;
    for (int pass = 0; pass < 400; ++pass) {
      const Tensor y = layer({.training = &rng});
      const bool left = same_bits(y, x);
      EXPECT_TRUE(left || same_bits(y, whole)) << pass;
      left_out += left;
    }
    EXPECT_NEAR(left_out, 100, 30);
    EXPECT_FALSE(same_bits(whole, x));
  }
}

TEST(DetrDropout, LayersOfEncoderAndDecoderHaveTheirOwnShare) {
  const std::vector<nlohmann::json> all = families();
  for (size_t i = 0; i < 3; ++i)
    for (const char* key : {"encoder_layerdrop", "decoder_layerdrop"}) {
      nlohmann::json drops = all[i];
      drops[key] = 0.9;
      const DetectorOutput plain = BuiltDetector(all[i])(two_pictures(true));
      EXPECT_TRUE(same(BuiltDetector(drops)(two_pictures(true)), plain)) << all[i]["model_type"] << key;
      EXPECT_FALSE(same(trained(drops, 1), plain)) << all[i]["model_type"] << key;
      EXPECT_EQ(trained(drops, 1).layers.size(), 2u);
    }
}

TEST(DetrDropout, RefusesWhatIsNoShare) {
  for (nlohmann::json config : families()) {
    config["attention_dropout"] = 1.5;
    expect_words(refusal_of([&] { plan_detector(detector_source(config)); }),
                 {"x/config.json", "attention_dropout", "not a share from 0 to below 1"});
  }
}

}  // namespace
}  // namespace fovea
