#include "models/training/saved_recipe.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

void expect_same(const Recipe& a, const Recipe& b) {
  EXPECT_EQ(describe(a), describe(b));
  EXPECT_EQ(a.fit, b.fit);
  EXPECT_EQ(a.height(), b.height());
  EXPECT_EQ(a.width(), b.width());
}

Recipe read_back(const Recipe& recipe) {
  return recipe_from_transformers(preprocessor_config(recipe));
}

TEST(SavedRecipe, SaysWhatItWas) {
  Recipe squash;
  squash.resize_height = 32;
  squash.resize_width = 48;
  squash.mean = {0.1, 0.2, 0.3};
  expect_same(read_back(squash), squash);

  Recipe cropped = squash;
  cropped.crop = true;
  cropped.crop_height = 24;
  cropped.crop_width = 40;
  cropped.filter = Filter::kBilinear;
  expect_same(read_back(cropped), cropped);

  Recipe shortest = cropped;
  shortest.fit = Recipe::Fit::kShortestEdge;
  shortest.resize_height = shortest.resize_width = 40;
  expect_same(read_back(shortest), shortest);

  Recipe kept = squash;
  kept.fit = Recipe::Fit::kKeep;
  kept.rescale = 1;
  kept.normalise = false;
  expect_same(read_back(kept), kept);
}

TEST(SavedRecipe, SaysWhatADetectorsWas) {
  const char* const configs[] = {
      R"({"image_processor_type": "DetrImageProcessor"})",
      R"({"image_processor_type": "YolosImageProcessor", "size": {"shortest_edge": 512, "longest_edge": 864}})",
      R"({"image_processor_type": "ConditionalDetrImageProcessor", "size": {"max_height": 480, "max_width": 640},
          "pad_size": {"height": 500, "width": 660}})",
      R"({"image_processor_type": "DetrImageProcessor", "do_resize": false, "do_pad": true})",
      R"({"image_processor_type": "RTDetrImageProcessor", "resample": 3})",
      R"({"image_processor_type": "DeformableDetrImageProcessor", "size": {"height": 240, "width": 320},
          "do_pad": false})"};
  for (const char* config : configs) {
    const Recipe want = recipe_from_transformers(config);
    const std::string text = config;
    const size_t begin = text.find(": \"") + 3;
    const std::string own = text.substr(begin, text.find('"', begin) - begin);
    for (const std::string& processor : {std::string(), own}) {
      const std::string saved = preprocessor_config(want, processor);
      const Recipe read = recipe_from_transformers(saved);
      expect_same(read, want);
      EXPECT_EQ(read.pad, want.pad);
      EXPECT_EQ(read.hide_padding, want.hide_padding);
      EXPECT_EQ(read.multiple, want.multiple);
      EXPECT_EQ(read.pad_height, want.pad_height);
      EXPECT_TRUE(processor.empty() || saved.find(processor) != std::string::npos);
    }
  }
}

// A border cannot be said there: the picture fills the crop instead, in training as well.
TEST(SavedRecipe, WhatCannotBeSaidBecomesASquash) {
  Recipe border;
  border.fit = Recipe::Fit::kBorder;
  border.crop = true;
  border.crop_height = border.crop_width = 64;
  const Recipe read = read_back(border);
  EXPECT_EQ(read.fit, Recipe::Fit::kSquash);
  EXPECT_EQ(read.height(), 64);
  expect_same(read_back(read), read);
}

}  // namespace
}  // namespace fovea
