#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <tuple>

#include "attention/base/parallel.h"
#include "attention/base/rng.h"
#include "models/network_plan.h"
#include "models/resnet_config.h"
#include "models/vit_config.h"
#include "models/yolos_config.h"
#include "tests/models/detector_check.h"
#include "tests/models/refusal.h"

// The shares of dropout and stochastic depth that a classifier's or YOLOS's config.json asks for.
namespace fovea {
namespace {

using nlohmann::json;
using Outcome = std::function<Tensor(const json& config, const Pass& pass)>;

struct Family {
  std::string name;
  json config;                      // in which nothing drops
  std::vector<std::string> shares;  // where it may say so, as JSON pointers
  Outcome outcome;
};

Tensor logits(const json& config, const Pass& pass) {
  ModelSource source{.folder = "x", .config = ConfigJson("x/config.json", config.dump()), .checkpoint = {}};
  ParameterStore store(5, Purpose::kTraining);
  const ImageNetwork network = build_network(plan_network(source), store, "x");
  return network.logits(random_tensor({2, 32, 32, 3}, 1), pass);
}

Tensor boxes(const json& config, const Pass& pass) {
  return BuiltDetector(config)({random_tensor({2, 32, 32, 3}, 4)}, pass).layers.back().boxes;
}

std::vector<Family> families() {
  const json labels{{"0", "a"}, {"1", "b"}, {"2", "c"}};
  const json transformer{{"image_size", 32},       {"patch_size", 8},          {"hidden_size", 24},
                         {"num_hidden_layers", 2}, {"num_attention_heads", 3}, {"intermediate_size", 40},
                         {"id2label", labels}};
  json vit = transformer, yolos = transformer;
  vit.update({{"model_type", "vit"}, {"architectures", {"ViTForImageClassification"}}});
  yolos.update({{"model_type", "yolos"}, {"num_detection_tokens", 4}});
  const json timm_vit{
      {"architecture", "vit_tiny_patch16_224"},
      {"num_classes", 3},
      {"model_args",
       {{"img_size", 32}, {"patch_size", 8}, {"embed_dim", 24}, {"depth", 2}, {"num_heads", 3}}}};
  const json resnet{{"architecture", "resnet18"},
                    {"num_classes", 3},
                    {"model_args", {{"layers", {1, 1, 1, 1}}, {"channels", {8, 8, 16, 16}}}}};
  const std::vector<std::string> probabilities{"/hidden_dropout_prob", "/attention_probs_dropout_prob"};
  return {{"ViT of transformers", vit, probabilities, logits},
          {"ViT of timm",
           timm_vit,
           {"/model_args/drop_rate", "/model_args/pos_drop_rate", "/model_args/attn_drop_rate",
            "/model_args/proj_drop_rate", "/model_args/drop_path_rate"},
           logits},
          {"ResNet of timm", resnet, {"/model_args/drop_rate", "/model_args/drop_path_rate"}, logits},
          {"YOLOS", yolos, probabilities, boxes}};
}

json with_share(const Family& family, const std::string& where, double share) {
  json config = family.config;
  config[json::json_pointer(where)] = share;
  return config;
}

Tensor trained(const Family& family, const json& config, uint64_t seed) {
  Rng rng(seed);
  return family.outcome(config, {.training = &rng});
}

TEST(TrainingDrops, WithoutSharesTrainingComputesWhatInferenceDoes) {
  for (const Family& family : families())
    EXPECT_TRUE(same_bits(trained(family, family.config, 1), family.outcome(family.config, {})))
        << family.name;
}

TEST(TrainingDrops, EachShareTellsInTrainingAlone) {
  for (const Family& family : families())
    for (const std::string& where : family.shares) {
      SCOPED_TRACE(family.name + " " + where);
      const json drops = with_share(family, where, 0.5);
      const Tensor plain = family.outcome(family.config, {}), first = trained(family, drops, 1);
      EXPECT_TRUE(same_bits(family.outcome(drops, {}), plain));
      // Of few pictures, chance may leave each as it is.
      bool other = false;
      for (uint64_t seed = 1; seed < 12; ++seed) other |= !same_bits(trained(family, drops, seed), plain);
      EXPECT_TRUE(other);
      EXPECT_TRUE(same_bits(trained(family, drops, 1), first));
    }
}

TEST(TrainingDrops, OneSeedGivesTheSameBitsForAnyThreads) {
  for (const Family& family : families()) {
    json config = family.config;
    for (const std::string& where : family.shares) config[json::json_pointer(where)] = 0.25;
    const Tensor want = trained(family, config, 7);
    for (const int threads : {1, 3})
      Threads(threads).run(
          [&] { EXPECT_TRUE(same_bits(trained(family, config, 7), want)) << family.name << threads; });
  }
}

// A share rises from nothing at the first layer, or block, to all of it at the last.
TEST(TrainingDrops, TheFirstLayerKeepsEveryPicture) {
  const std::vector<Family> all = families();
  for (const auto& [family, first, last] :
       {std::tuple(all[1], "layers.0", "layers.1"), std::tuple(all[2], "stages.0", "stages.3")}) {
    const json config = with_share(family, "/model_args/drop_path_rate", 0.5);
    const auto states = [&, &family = family](const Pass& pass) {
      Taps taps;
      Pass tapped = pass;
      tapped.taps = &taps;
      family.outcome(config, tapped);
      std::map<std::string, Tensor> named;
      for (const State& state : taps.states) named[state.name] = state.value;
      return named;
    };
    const std::map<std::string, Tensor> plain = states({});
    bool other = false;
    for (uint64_t seed = 1; seed < 12; ++seed) {
      Rng rng(seed);
      const std::map<std::string, Tensor> dropped = states({.training = &rng});
      EXPECT_TRUE(same_bits(dropped.at(first), plain.at(first))) << family.name << seed;
      other |= !same_bits(dropped.at(last), plain.at(last));
    }
    EXPECT_TRUE(other) << family.name;
  }
}

TEST(TrainingDrops, EachKeyIsReadToItsPlaces) {
  const std::vector<Family> all = families();
  const auto config_of = [](const Family& family) {
    json config = family.config;
    double share = 0.1;
    for (const std::string& where : family.shares) {
      config[json::json_pointer(where)] = share;
      share += 0.1;
    }
    return ConfigJson("x/config.json", config.dump());
  };
  ModelInfo info;
  std::string backbone;
  const VitConfig::Drops vit = vit_from_transformers(config_of(all[0]), info, backbone).drops;
  EXPECT_EQ((std::array{vit.embeddings, vit.attention, vit.hidden, vit.added, vit.path, vit.pooled}),
            (std::array{0.1f, 0.2f, 0.f, 0.1f, 0.f, 0.f}));
  const VitConfig::Drops timm = vit_from_timm(config_of(all[1]), info).drops;
  EXPECT_EQ(timm.pooled, 0.1f);
  EXPECT_EQ(timm.embeddings, 0.2f);
  EXPECT_FLOAT_EQ(timm.attention, 0.3f);
  EXPECT_FLOAT_EQ(timm.hidden, 0.4f);
  EXPECT_EQ(timm.added, timm.hidden);
  EXPECT_FLOAT_EQ(timm.path, 0.5f);
  const ResNetConfig resnet = resnet_from_timm(config_of(all[2]), info);
  EXPECT_EQ(resnet.dropout, 0.1f);
  EXPECT_EQ(resnet.drop_path, 0.2f);
  const YolosConfig yolos = yolos_from_transformers(config_of(all[3]), info);
  EXPECT_EQ(yolos.dropout, 0.1f);
  EXPECT_EQ(yolos.attention_dropout, 0.2f);
}

TEST(TrainingDrops, RefusesWhatIsNoShare) {
  for (const Family& family : families())
    for (const std::string& where : family.shares)
      for (const double bad : {-0.1, 1.0})
        expect_words(refusal_of([&] { family.outcome(with_share(family, where, bad), {}); }),
                     {"x/config.json", where.substr(where.rfind('/') + 1), "not a share from 0 to below 1"});
}

}  // namespace
}  // namespace fovea
