#include "models/trained_config.h"

#include <gtest/gtest.h>

#include "models/relabel.h"
#include "models/saved_size.h"
#include "models/trainable_model.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

ConfigJson config(const std::string& text) {
  return ConfigJson("config.json", text);
}

TEST(TrainedConfig, OtherClassesInTheWordsOfItsLibrary) {
  const ConfigJson ours = config(R"({"model_type": "vit", "num_labels": 3, "id2label": {"0": "old"}})");
  EXPECT_EQ(Json::parse(relabelled(ours, {"cat", "dog"})),
            Json::parse(R"({"model_type": "vit", "id2label": {"0": "cat", "1": "dog"},
                            "label2id": {"cat": 0, "dog": 1}})"));
  const ConfigJson timm = config(R"({"architecture": "resnet18", "labels": ["old"], "num_classes": 1})");
  EXPECT_EQ(Json::parse(relabelled(timm, {"cat", "dog"})),
            Json::parse(R"({"architecture": "resnet18", "num_classes": 2, "label_names": ["cat", "dog"]})"));
}

TEST(TrainedConfig, OtherClassesDropWhatHoldsForItsOwnAlone) {
  ModelSource source{.folder = {}, .config = {}, .checkpoint = {}};
  source.config = config(R"({"model_type": "foveanet", "mirror_average": true, "problem_type": "any"})");
  EXPECT_TRUE(take_labels(source, {"cat", "dog"}, {"cat", "dog"}, {"mirror_average"}));
  EXPECT_TRUE(source.config->has("mirror_average"));
  EXPECT_FALSE(take_labels(source, {"cat", "dog"}, {"left", "right"}, {"mirror_average"}));
  EXPECT_FALSE(source.config->has("mirror_average"));
  source.config =
      config(R"({"model_type": "foveanet", "mirror_average": true})");  // names none, to start with
  EXPECT_FALSE(take_labels(source, {"LABEL_0", "LABEL_1"}, {"left", "right"}, {"mirror_average"}));
  EXPECT_TRUE(source.config->has("mirror_average"));
}

// Else its scores would be each class's own, of logits that were learnt as shares.
TEST(TrainedConfig, NamesOneClassOfAPicture) {
  ModelSource source{.folder = {}, .config = {}, .checkpoint = {}};
  source.config = config(R"({"model_type": "vit", "problem_type": "multi_label_classification"})");
  EXPECT_TRUE(take_labels(source, {"cat", "dog"}, {"cat", "dog"}));
  EXPECT_FALSE(source.config->has("problem_type"));
  EXPECT_EQ(source.config->json().at("id2label"), Json::parse(R"({"0": "cat", "1": "dog"})"));
  EXPECT_FALSE(take_labels(source, {"cat", "dog"}, {"dog", "cat"}));
}

TEST(TrainedConfig, TellsHowWeightsAreStored) {
  const auto of = [](const char* text, Dtype dtype) { return Json::parse(trained_config(text, dtype)); };
  const char* const old = R"({"model_type": "vit", "torch_dtype": "float16"})";
  EXPECT_EQ(of(old, Dtype::kF32).at("torch_dtype"), "float32");
  EXPECT_EQ(of(old, Dtype::kBF16).at("torch_dtype"), "bfloat16");
  EXPECT_EQ(of(R"({"model_type": "vit", "dtype": "float32"})", Dtype::kF16),
            Json::parse(R"({"model_type": "vit", "dtype": "float16"})"));
  EXPECT_EQ(of(R"({"model_type": "vit"})", Dtype::kF16).at("torch_dtype"), "float16");
  EXPECT_EQ(of(R"({"model_type": "vit"})", Dtype::kF32), Json::parse(R"({"model_type": "vit"})"));
  const char* const timm = R"({"architecture": "resnet18"})";
  EXPECT_EQ(of(timm, Dtype::kF16), Json::parse(timm));
}

TEST(TrainedConfig, TellsTheSizeInTheWordsOfItsLibrary) {
  const auto of = [](const char* text, const char* library, int64_t width, bool built) {
    return Json::parse(config_at_size(text, library, 96, width, built));
  };
  EXPECT_EQ(of("{}", "transformers", 96, true), Json::parse(R"({"image_size": 96})"));
  EXPECT_EQ(of(R"({"image_size": 32})", "fovea", 64, false), Json::parse(R"({"image_size": [96, 64]})"));
  EXPECT_EQ(of("{}", "transformers", 96, false), Json::parse("{}"));  // takes any, and tells none
  const char* const timm = R"({"pretrained_cfg": {"input_size": [3, 224, 224]}})";
  EXPECT_EQ(of(timm, "timm", 64, true),
            Json::parse(
                R"({"pretrained_cfg": {"input_size": [3, 96, 64]}, "model_args": {"img_size": [96, 64]}})"));
  EXPECT_EQ(of(R"({"input_size": [3, 8, 8]})", "timm", 96, false),
            Json::parse(R"({"input_size": [3, 96, 96]})"));
}

TEST(TrainedConfig, IsNamedByItsFolder) {
  EXPECT_EQ(Json::parse(trained_config(R"({"model_type": "vit", "_name_or_path": "parent"})", Dtype::kF32)),
            Json::parse(R"({"model_type": "vit"})"));
}

}  // namespace
}  // namespace fovea
