#include "models/pipelines/recipe_of.h"

#include "tests/apps/test_folder.h"
#include "tests/models/refusal.h"

namespace fovea {
namespace {

using Fit = Recipe::Fit;

ModelInfo info(const char* library, const char* architecture, int64_t side) {
  ModelInfo model;
  model.library = library;
  model.architecture = architecture;
  model.input_height = model.input_width = side;
  return model;
}

struct Expected {
  ModelInfo model;
  Fit fit;
  int64_t resize, side;
  Filter filter;
  bool crop;
  double mean;
};

TEST(RecipeOf, WithoutAFileIsTheLibrarysDefault) {
  const TestFolder folder;
  const Expected cases[] = {
      {info("transformers", "ViTForImageClassification", 384), Fit::kSquash, 384, 384, Filter::kBilinear,
       false, 0.5},
      {info("transformers", "DeiTForImageClassification", 224), Fit::kSquash, 256, 224, Filter::kBicubic,
       true, 0.485},
      {info("transformers", "DeiTModel", 384), Fit::kSquash, 439, 384, Filter::kBicubic, true, 0.485},
      {info("timm", "vit_tiny_patch16_224", 224), Fit::kShortestEdge, 256, 224, Filter::kBilinear, true,
       0.485},
      {info("torchvision", "vit_b_16", 224), Fit::kShortestEdge, 256, 224, Filter::kBilinear, true, 0.485}};
  for (const Expected& want : cases) {
    const Recipe got = recipe_of(folder.path(), want.model);
    EXPECT_EQ(got.fit, want.fit) << want.model.architecture;
    EXPECT_EQ(got.resize_height, want.resize) << want.model.architecture;
    EXPECT_EQ(got.width(), want.side) << want.model.architecture;
    EXPECT_EQ(got.filter, want.filter) << want.model.architecture;
    EXPECT_EQ(got.crop, want.crop) << want.model.architecture;
    EXPECT_EQ(got.mean[0], want.mean) << want.model.architecture;
  }
}

TEST(RecipeOf, OfADetectorWithoutAFileIsItsProcessors) {
  const TestFolder folder;
  const std::tuple<const char*, Fit, bool, int64_t> cases[] = {
      {"DetrForObjectDetection", Fit::kShortestLongest, true, 1},
      {"TableTransformerForObjectDetection", Fit::kShortestLongest, true, 1},
      {"ConditionalDetrForObjectDetection", Fit::kShortestLongest, true, 1},
      {"DeformableDetrForObjectDetection", Fit::kShortestLongest, true, 1},
      {"YolosForObjectDetection", Fit::kShortestLongest, false, 16},
      {"RTDetrForObjectDetection", Fit::kSquash, true, 1},
      {"RTDetrV2ForObjectDetection", Fit::kSquash, true, 1}};
  for (const auto& [architecture, fit, hide, multiple] : cases) {
    const Recipe got = recipe_of(folder.path(), info("transformers", architecture, 0));
    EXPECT_EQ(got.fit, fit) << architecture;
    EXPECT_EQ(got.hide_padding, hide) << architecture;
    EXPECT_EQ(got.multiple, multiple) << architecture;
    EXPECT_EQ(got.resize_width, fit == Fit::kSquash ? 640 : 1333) << architecture;
  }
  EXPECT_EQ(processor_of(info("transformers", "YolosForObjectDetection", 0)), "YolosImageProcessor");
  EXPECT_EQ(processor_of(info("timm", "vit", 0)), "");
}

TEST(RecipeOf, OfDetrsAuthorsIsDetrs) {
  const TestFolder folder;
  const ModelInfo detr = info("facebookresearch/detr", "detr", 800);
  EXPECT_EQ(recipe_of(folder.path(), detr).fit, Fit::kShortestLongest);
  EXPECT_EQ(recipe_of(folder.path(), detr).resize_width, 1333);
  folder.write("preprocessor_config.json", R"({"size": 600, "max_size": 1000})");
  EXPECT_EQ(recipe_of(folder.path(), detr).resize_height, 600);
  EXPECT_FALSE(recipe_of(folder.path(), detr).crop);
  folder.write("preprocessor_config.json", R"({"image_processor_type": "DeiTImageProcessor"})");
  expect_words(refusal_of([&] { expect_whole_pictures(recipe_of(folder.path(), detr), folder.path()); }),
               {"preprocessor_config.json", "crops", "whole"});
}

TEST(RecipeOf, OfTorchvisionsLargeViTsDoesNotEnlarge) {
  const TestFolder folder;
  const Recipe large = recipe_of(folder.path(), info("torchvision", "vit_h_14", 518));
  EXPECT_EQ(large.resize_height, 518);
  EXPECT_EQ(large.filter, Filter::kBicubic);
}

// What is not resized has the model's size, whatever size the file gives to a step that is off.
TEST(RecipeOf, PicturesThatAreNotResizedAreTheModels) {
  const TestFolder folder;
  folder.write("preprocessor_config.json", R"({"do_resize": false, "size": {"height": 224, "width": 224}})");
  EXPECT_EQ(recipe_of(folder.path(), info("transformers", "ViTModel", 32)).height(), 32);
}

TEST(RecipeOf, AFileWithoutAClassTakesTheModels) {
  const TestFolder folder;
  folder.write("preprocessor_config.json", R"({"image_mean": [0.1, 0.2, 0.3]})");
  const Recipe deit = recipe_of(folder.path(), info("transformers", "DeiTModel", 224));
  EXPECT_TRUE(deit.crop);
  EXPECT_EQ(deit.mean[2], 0.3);
  EXPECT_EQ(deit.stddev[2], 0.5);
  EXPECT_FALSE(recipe_of(folder.path(), info("transformers", "ViTModel", 224)).crop);
  expect_words(refusal_of([&] { recipe_of(folder.path(), info("timm", "vit", 224)); }), {"image processor"});
}

TEST(RecipeOf, ReadsTimmsConfig) {
  const TestFolder folder;
  folder.write("config.json", R"({"pretrained_cfg": {"input_size": [3, 64, 64], "crop_pct": 1.0}})");
  EXPECT_EQ(recipe_of(folder.path(), info("timm", "vit", 64)).resize_height, 64);
  folder.write("config.json", R"({"crop_mode": "x\u001b"})");
  const std::string line = refusal_of([&] { recipe_of(folder.path(), info("timm", "vit", 64)); });
  EXPECT_TRUE(line.starts_with((folder / "config.json") + ": crop_mode")) << line;
}

TEST(RecipeOf, AnEmptyFileIsNotAnAbsentOne) {
  const TestFolder folder;
  folder.write("preprocessor_config.json", "");
  expect_words(refusal_of([&] { recipe_of(folder.path(), info("transformers", "ViTModel", 224)); }),
               {"not valid JSON"});
}

TEST(Resized, CoversWhatItCrops) {
  Recipe timm = recipe_from_timm("{}");
  ASSERT_EQ(timm.fit, Fit::kShortestEdge);
  const Recipe wide = resized(timm, 224, 448);
  EXPECT_EQ(wide.fit, Fit::kCover);
  EXPECT_EQ(wide.resize_height, 256);
  EXPECT_EQ(wide.resize_width, 512);
  EXPECT_EQ(resized(timm, 448, 448).fit, Fit::kShortestEdge);
  timm.crop_width = 192;  // of its own: one length still covers it
  EXPECT_EQ(resized(timm, 448, 384).fit, Fit::kShortestEdge);
  const Recipe squashed = resized(recipe_from_transformers("{}", "ViTImageProcessor"), 96, 32);
  EXPECT_EQ(squashed.fit, Fit::kSquash);
  EXPECT_EQ(squashed.height(), 96);
  EXPECT_EQ(squashed.width(), 32);
  const Recipe detector = resized(recipe_from_transformers("{}", "YolosImageProcessor"), 240, 320);
  EXPECT_EQ(detector.fit, Fit::kSquash);
  EXPECT_EQ(detector.width(), 320);
  EXPECT_EQ(detector.multiple, 1);
  refusal_of([&] { resized(timm, 0, 224); });
}

TEST(ReadText, TellsNoneFromEmpty) {
  const TestFolder folder;
  EXPECT_FALSE(read_text(folder / "none").has_value());
  EXPECT_EQ(read_text(folder.write("empty", "")), "");
  EXPECT_EQ(read_text(folder.write("lines", "a\r\nb\n")), "a\r\nb\n");
  expect_words(refusal_of([&] { read_text(folder.path()); }), {"not a file"});
}

TEST(LicenceOf, ReadsAModelCard) {
  const std::pair<const char*, const char*> cases[] = {
      {"---\nlicense: mit\n---\n", "mit"},
      {"---\r\nlicense: \"apache-2.0\"\r\n---\r\n", "apache-2.0"},
      {"---\r\nlicense:\r\n---\r\n", ""},
      {"---\r\nlicense: \r\n- mit\r\n---", ""},
      {"---\ntags: x\n---\nlicense: mit\n", ""},
      {"license: mit\n", ""},
      {"---", ""},
      {"", ""}};
  for (const auto& [card, licence] : cases) EXPECT_EQ(licence_of(card), licence) << card;
}

}  // namespace
}  // namespace fovea
