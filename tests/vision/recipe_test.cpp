#include "vision/recipe.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"

namespace fovea {
namespace {

using Fit = Recipe::Fit;

struct Expected {
  const char* json;
  Fit fit;
  int64_t resize_height, resize_width;
  Filter filter;
  bool crop;
  int64_t height, width;
  double mean, stddev;  // of red
};

void expect(const Expected& want, const Recipe& got) {
  EXPECT_EQ(got.fit, want.fit) << want.json;
  EXPECT_EQ(got.resize_height, want.resize_height) << want.json;
  EXPECT_EQ(got.resize_width, want.resize_width) << want.json;
  EXPECT_EQ(got.filter, want.filter) << want.json;
  EXPECT_EQ(got.crop, want.crop) << want.json;
  EXPECT_EQ(got.height(), want.height) << want.json;
  EXPECT_EQ(got.width(), want.width) << want.json;
  EXPECT_EQ(got.mean[0], want.mean) << want.json;
  EXPECT_EQ(got.stddev[0], want.stddev) << want.json;
}

TEST(Recipe, ReadsTransformers) {
  const Expected cases[] = {
      {R"({"image_processor_type": "ViTImageProcessor"})", Fit::kSquash, 224, 224, Filter::kBilinear, false,
       224, 224, 0.5, 0.5},
      {R"({"feature_extractor_type": "ViTFeatureExtractor", "size": 384, "do_resize": true})", Fit::kSquash,
       384, 384, Filter::kBilinear, false, 384, 384, 0.5, 0.5},
      {R"({"image_processor_type": "ViTImageProcessorFast", "size": {"height": 32, "width": 56}, "resample": 3,
           "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]})",
       Fit::kSquash, 32, 56, Filter::kBicubic, false, 32, 56, 0.485, 0.229},
      {R"({"feature_extractor_type": "DeiTFeatureExtractor"})", Fit::kSquash, 256, 256, Filter::kBicubic,
       true, 224, 224, 0.5, 0.5},
      {R"({"image_processor_type": "DeiTImageProcessor", "size": [438, 440], "crop_size": [384, 380],
           "image_mean": 0.25, "image_std": 0.125})",
       Fit::kSquash, 438, 440, Filter::kBicubic, true, 384, 380, 0.25, 0.125},
      {R"({"image_processor_type": "CLIPImageProcessor", "size": 224, "crop_size": 224})", Fit::kShortestEdge,
       224, 224, Filter::kBicubic, true, 224, 224, 0.48145466, 0.26862954},
      {R"({"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256},
           "crop_size": {"height": 224, "width": 192}, "resample": 2})",
       Fit::kShortestEdge, 256, 256, Filter::kBilinear, true, 224, 192, 0.48145466, 0.26862954},
      {R"({"feature_extractor_type": "BeitFeatureExtractor", "size": 256})", Fit::kSquash, 256, 256,
       Filter::kBicubic, true, 224, 224, 0.5, 0.5},
      {R"({"image_processor_type": "SiglipImageProcessor"})", Fit::kSquash, 224, 224, Filter::kBicubic, false,
       224, 224, 0.5, 0.5},
      {R"({"image_processor_type": "SegformerImageProcessor"})", Fit::kSquash, 512, 512, Filter::kBilinear,
       false, 512, 512, 0.485, 0.229},
      {R"({"image_processor_type": "MobileNetV2ImageProcessor"})", Fit::kShortestEdge, 256, 256,
       Filter::kBilinear, true, 224, 224, 0.5, 0.5},
      {R"({"image_processor_type": "DeiTImageProcessor", "do_resize": false, "crop_size": 20})", Fit::kKeep,
       256, 256, Filter::kBicubic, true, 20, 20, 0.5, 0.5},
      // A class that crops nothing, its fast kin that does, and one whose resizing crops.
      {R"({"image_processor_type": "ViTImageProcessor", "do_center_crop": true, "size": 48, "crop_size": 32})",
       Fit::kSquash, 48, 48, Filter::kBilinear, false, 48, 48, 0.5, 0.5},
      {R"({"image_processor_type": "ViTImageProcessorFast", "do_center_crop": true, "size": 48, "crop_size": 32})",
       Fit::kSquash, 48, 48, Filter::kBilinear, true, 32, 32, 0.5, 0.5},
      {R"({"image_processor_type": "ConvNextImageProcessor", "do_resize": false, "size": {"shortest_edge": 224}})",
       Fit::kKeep, 256, 256, Filter::kBilinear, false, 256, 256, 0.5, 0.5},
  };
  for (const Expected& want : cases) {
    const Recipe got = recipe_from_transformers(want.json);
    expect(want, got);
    EXPECT_TRUE(got.apply_exif);
    EXPECT_EQ(got.crop_rounding, Recipe::CropRounding::kFloor);
    EXPECT_EQ(got.rescale, 1.0 / 255);
  }
  const Recipe raw = recipe_from_transformers(
      R"({"image_processor_type": "ViTImageProcessor", "do_rescale": false, "do_normalize": false})");
  EXPECT_EQ(raw.rescale, 1);
  EXPECT_FALSE(raw.normalise);
  expect({R"({"crop_size": 112})", Fit::kSquash, 256, 256, Filter::kBicubic, true, 112, 112, 0.5, 0.5},
         recipe_from_transformers(R"({"crop_size": 112})", "DeiTImageProcessor"));
  expect({"named ViT", Fit::kSquash, 224, 224, Filter::kBilinear, false, 224, 224, 0.5, 0.5},
         recipe_from_transformers(R"({"image_processor_type": "ViTImageProcessor"})", "DeiTImageProcessor"));
}

TEST(Recipe, ReadsTimm) {
  const Expected cases[] = {
      {"{}", Fit::kShortestEdge, 256, 256, Filter::kBicubic, true, 224, 224, 0.485, 0.229},
      {R"({"architecture": "vit", "pretrained_cfg": {"input_size": [3, 224, 224], "interpolation": "bicubic",
           "crop_pct": 0.9, "crop_mode": "center", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}})",
       Fit::kShortestEdge, 248, 248, Filter::kBicubic, true, 224, 224, 0.5, 0.5},
      {R"({"input_size": [3, 64, 48], "interpolation": "bicubic", "crop_pct": 0.875})", Fit::kCover, 73, 54,
       Filter::kBilinear, true, 64, 48, 0.485, 0.229},
      {R"({"input_size": [3, 64, 64], "interpolation": "lanczos", "crop_pct": 1.0, "crop_mode": "squash"})",
       Fit::kSquash, 64, 64, Filter::kLanczos, true, 64, 64, 0.485, 0.229},
      {R"({"input_size": [3, 64, 64], "interpolation": "random", "crop_pct": 0.9, "crop_mode": "border"})",
       Fit::kBorder, 71, 71, Filter::kBilinear, true, 64, 64, 0.485, 0.229},
  };
  for (const Expected& want : cases) {
    const Recipe got = recipe_from_timm(want.json);
    expect(want, got);
    EXPECT_FALSE(got.apply_exif);
    EXPECT_EQ(got.crop_rounding, Recipe::CropRounding::kHalfToEven);
  }
  const Recipe border = recipe_from_timm(R"({"crop_mode": "border", "mean": [0.485, 0.456, 0.5]})");
  EXPECT_EQ(border.fill, (std::array<uint8_t, 3>{124, 116, 128}));  // 127.5 rounds to even
}

TEST(Recipe, RefusesWithTheKey) {
  const auto vit = [](const char* rest) {
    return std::string(R"({"image_processor_type": "ViTImageProcessor", )") + rest + "}";
  };
  const std::pair<std::string, const char*> cases[] = {
      {"{", "JSON"},
      {"[1]", "object"},
      {"{}", "image processor"},
      {R"({"image_processor_type": "LevitImageProcessor"})", "LevitImageProcessor"},
      {R"({"image_processor_type": 3})", "image_processor_type"},
      {vit(R"("size": 0)"), "size"},
      {vit(R"("size": -5)"), "size"},
      {vit(R"("size": 8193)"), "size"},
      {vit(R"("size": 1e30)"), "size"},
      {vit(R"("size": "224")"), "size"},
      {vit(R"("size": {"height": 224})"), "size"},
      {vit(R"("size": {"shortest_edge": 224})"), "do_center_crop"},
      {vit(R"("size": {"shortest_edge": 800, "longest_edge": 1333})"), "longest_edge"},
      {vit(R"("resample": 6)"), "resample"},
      {vit(R"("resample": 2.5)"), "resample"},
      {vit(R"("image_mean": [0.5])"), "image_mean"},
      {vit(R"("size": [224])"), "size"},
      {vit(R"("size": [224, 0])"), "size"},
      {vit(R"("image_std": [0.5, 0, 0.5])"), "deviation"},
      {vit(R"("do_resize": "yes")"), "do_resize"},
      {std::string(100, '[') + std::string(100, ']'), "nested"},
  };
  for (const auto& [json, word] : cases) {
    try {
      recipe_from_transformers(json);
      ADD_FAILURE() << json;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
  for (const char* json :
       {R"({"pretrained_cfg": 1})", R"({"input_size": [1, 28, 28]})", R"({"input_size": 224})",
        R"({"crop_pct": 0})", R"({"input_size": [3, 8000, 8000], "crop_pct": 0.5})",
        R"({"interpolation": "cubic-ish"})", R"({"crop_mode": "corner"})", R"({"std": [0, 0, 0]})"})
    EXPECT_THROW(recipe_from_timm(json), Error) << json;
}

struct Detector {
  const char* json;
  Fit fit;
  int64_t height, width, multiple;
  bool normalise, pad, hide;
};

TEST(Recipe, ReadsDetectors) {
  const Detector cases[] = {
      {R"({"image_processor_type": "DetrImageProcessor"})", Fit::kShortestLongest, 800, 1333, 1, true, true,
       true},
      {R"({"feature_extractor_type": "DetrFeatureExtractor", "size": 800, "max_size": 1000,
           "format": "coco_detection"})",
       Fit::kShortestLongest, 800, 1000, 1, true, true, true},
      {R"({"feature_extractor_type": "DetrFeatureExtractor", "size": 600})", Fit::kShortestLongest, 600, 1333,
       1, true, true, true},
      {R"({"image_processor_type": "ConditionalDetrImageProcessor", "max_size": 900, "do_pad": null})",
       Fit::kShortestLongest, 800, 1333, 1, true, true, true},
      {R"({"image_processor_type": "DeformableDetrImageProcessor", "do_pad": false,
           "size": {"shortest_edge": 480, "longest_edge": 640}})",
       Fit::kShortestLongest, 480, 640, 1, true, false, true},
      {R"({"image_processor_type": "DetrImageProcessorFast", "size": {"max_height": 480, "max_width": 640}})",
       Fit::kWithin, 480, 640, 1, true, true, true},
      {R"({"image_processor_type": "DetrImageProcessor", "size": {"height": 480, "width": 640}})",
       Fit::kSquash, 480, 640, 1, true, true, true},
      {R"({"image_processor_type": "DetrImageProcessor", "do_resize": false,
           "pad_and_return_pixel_mask": false})",
       Fit::kKeep, 800, 1333, 1, true, false, true},
      {R"({"feature_extractor_type": "YolosFeatureExtractor", "size": 512, "max_size": 864})",
       Fit::kShortestLongest, 512, 864, 16, true, true, false},
      {R"({"image_processor_type": "YolosImageProcessor", "size": {"height": 480, "width": 630}})",
       Fit::kSquash, 480, 630, 1, true, true, false},
      {R"({"image_processor_type": "RTDetrImageProcessor"})", Fit::kSquash, 640, 640, 1, false, false, true},
      {R"({"image_processor_type": "RTDetrImageProcessor", "size": [320, 400], "do_normalize": true})",
       Fit::kSquash, 320, 400, 1, true, false, true},
  };
  for (const Detector& want : cases) {
    const Recipe got = recipe_from_transformers(want.json);
    EXPECT_EQ(got.fit, want.fit) << want.json;
    EXPECT_EQ(got.resize_height, want.height) << want.json;
    EXPECT_EQ(got.resize_width, want.width) << want.json;
    EXPECT_EQ(got.multiple, want.multiple) << want.json;
    EXPECT_EQ(got.normalise, want.normalise) << want.json;
    EXPECT_EQ(got.pad, want.pad) << want.json;
    EXPECT_EQ(got.hide_padding, want.hide) << want.json;
    EXPECT_EQ(got.filter, Filter::kBilinear) << want.json;
    EXPECT_EQ(got.mean[0], 0.485) << want.json;
    EXPECT_FALSE(got.crop) << want.json;
    EXPECT_EQ(got.fixed_size(), want.fit == Fit::kSquash) << want.json;
  }
  const Recipe padded = recipe_from_transformers(
      R"({"image_processor_type": "DetrImageProcessor", "pad_size": {"height": 900, "width": 1400}})");
  EXPECT_EQ(padded.pad_height, 900);
  EXPECT_EQ(padded.pad_width, 1400);
}

TEST(Recipe, RefusesDetectorsWithTheKey) {
  const auto detr = [](const char* rest) {
    return std::string(R"({"image_processor_type": "DetrImageProcessor", )") + rest + "}";
  };
  const std::pair<std::string, const char*> cases[] = {
      {detr(R"("size": {"shortest_edge": 800})"), "\"size\""},
      {detr(R"("size": {"longest_edge": 800})"), "\"size\""},
      {detr(R"("size": {"shortest_edge": 0, "longest_edge": 800})"), "\"size\""},
      {detr(R"("size": 800, "max_size": -1)"), "\"max_size\""},
      {detr(R"("pad_size": 900)"), "\"pad_size\""},
      {detr(R"("pad_size": {"height": 900})"), "\"pad_size\""},
      {detr(R"("do_pad": 1)"), "\"do_pad\""},
      {R"({"image_processor_type": "RTDetrImageProcessor", "size": 640})", "\"size\""}};
  for (const auto& [json, word] : cases) try {
      recipe_from_transformers(json);
      ADD_FAILURE() << json;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
}

TEST(Recipe, DescribesADetectorsSteps) {
  const auto lines = describe(recipe_from_transformers(R"({"image_processor_type": "YolosImageProcessor"})"));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[1],
            "resize the shorter side to 800, the longer at most 1333, in multiples of 16, bilinear (Pillow)");
  EXPECT_EQ(lines[4], "pad with 0 to the batch's largest");
}

TEST(Recipe, DescribesItsSteps) {
  const auto lines = describe(recipe_from_transformers(R"({"image_processor_type": "DeiTImageProcessor"})"));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[1], "resize to 256 x 256, bicubic (Pillow)");
  EXPECT_EQ(lines[2], "crop the centre to 224 x 224");
}

}  // namespace
}  // namespace fovea
