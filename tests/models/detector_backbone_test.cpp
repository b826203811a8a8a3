#include "models/detector_backbone.h"

#include <gtest/gtest.h>

#include "tests/models/refusal.h"

namespace fovea {
namespace {

ModelSource timm(const nlohmann::json& changes) {
  nlohmann::json config{
      {"model_type", "conditional_detr"}, {"use_timm_backbone", true}, {"backbone", "resnet50"}};
  if (changes.is_object()) config.update(changes);
  return {.folder = "x", .config = ConfigJson("x/config.json", config.dump()), .checkpoint = {}};
}

std::vector<int64_t> strides_and_dilations(const nlohmann::json& changes) {
  std::vector<int64_t> all;
  for (const ResNetConfig::Stage& stage : detector_backbone(timm(changes), {4}).config.stages)
    all.insert(all.end(), {stage.stride, stage.dilation});
  return all;
}

TEST(DetectorBackbone, DilatesTheStagesBeyondTheOutputStride) {
  const std::vector<int64_t> plain = {1, 1, 2, 1, 2, 1, 2, 1}, last = {1, 1, 2, 1, 2, 1, 1, 2},
                             two = {1, 1, 2, 1, 1, 2, 1, 4};
  EXPECT_EQ(strides_and_dilations({}), plain);
  EXPECT_EQ(strides_and_dilations({{"backbone_kwargs", nullptr}, {"dilation", true}}), last);
  EXPECT_EQ(strides_and_dilations({{"backbone_kwargs", {{"output_stride", 16}}}}), last);
  EXPECT_EQ(strides_and_dilations({{"backbone_kwargs", {{"output_stride", 8}}}}), two);
  const nlohmann::json nested{
      {"model_type", "timm_backbone"}, {"backbone", "resnet50"}, {"output_stride", 16}};
  EXPECT_EQ(strides_and_dilations({{"backbone_config", nested}}), last);
  expect_words(refusal_of([] {
                 strides_and_dilations({{"backbone_kwargs", {{"output_stride", 12}}}});
               }),
               {"x/config.json", "output_stride"});

  // Its shortcuts pool, and over dilated stages as no other does.
  EXPECT_EQ(strides_and_dilations({{"backbone", "resnet50d"}}), plain);
  expect_words(
      refusal_of([&] {
        strides_and_dilations({{"backbone", "resnet50d"}, {"backbone_kwargs", {{"output_stride", 16}}}});
      }),
      {"x/config.json", "resnet50d", "dilated"});
}

TEST(DetectorBackbone, NamesTimmsNetworkAsTheLibraryHoldsIt) {
  const auto name_in = [](const nlohmann::json& changes) {
    NameTable names;
    detector_backbone(timm(changes), {4}).add_names(names, "model.");
    return stored_name(names.rules(), "backbone.stages.0.blocks.0.conv1.weight");
  };
  EXPECT_EQ(name_in({}), "model.layer1.0.conv1.weight");
  EXPECT_EQ(name_in({{"model_type", "dab-detr"}}), "model._backbone.layer1.0.conv1.weight");
  EXPECT_EQ(name_in({{"backbone_config", {{"model_type", "timm_backbone"}, {"backbone", "resnet50"}}}}),
            "model._backbone.layer1.0.conv1.weight");
}

TEST(DetectorBackbone, ReadsTransformersStages) {
  const auto maps = [](const nlohmann::json& own) {
    nlohmann::json config{{"model_type", "resnet"}, {"depths", {1, 1, 1, 1}}};
    config.update(own);
    return detector_backbone(timm({{"use_timm_backbone", false}, {"backbone_config", config}}), {}).maps;
  };
  using Maps = std::vector<size_t>;
  EXPECT_EQ(maps({{"out_features", {"stem", "stage3"}}}), (Maps{0, 3}));
  EXPECT_EQ(maps({{"out_indices", {0, -1, -2}}}), (Maps{0, 4, 3}));
  EXPECT_EQ(maps({{"depths", {1, 1, 1, 1}}}), Maps{4});
  for (const nlohmann::json& wrong :
       {nlohmann::json{5}, nlohmann::json{-6}, nlohmann::json{"x"}, nlohmann::json(3)})
    expect_words(refusal_of([&] { maps({{"out_indices", wrong}}); }), {"out_indices"});
}

TEST(DetectorBackbone, RefusesTheNameOfAnotherModel) {
  const nlohmann::json named{{"use_timm_backbone", false}, {"backbone", "microsoft/resnet-18"}};
  expect_words(refusal_of([&] { detector_backbone(timm(named), {}); }),
               {"'microsoft/resnet-18'", "backbone_config"});
  const nlohmann::json usual{{"use_timm_backbone", false}, {"backbone", "resnet50"}};
  EXPECT_EQ(detector_backbone(timm(usual), {}).maps, std::vector<size_t>{4});
}

}  // namespace
}  // namespace fovea
