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
