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

}  // namespace
}  // namespace fovea
