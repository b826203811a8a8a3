#include "vision/resized_size.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"

namespace fovea {
namespace {

struct Expected {
  int64_t shortest, longest, multiple;
  cv::Size from, to;
};

TEST(ResizedSize, IsThatOfDetrsProcessors) {
  const Expected cases[] = {
      {800, 1333, 1, {640, 480}, {1066, 800}},    // cut off
      {800, 1333, 1, {480, 640}, {800, 1066}},    //
      {800, 1333, 1, {640, 427}, {1199, 800}},    //
      {800, 1333, 1, {800, 800}, {800, 800}},     //
      {800, 1333, 1, {1000, 333}, {1333, 444}},   // 443.889, and the longer side from that
      {800, 1333, 1, {333, 1000}, {444, 1333}},   //
      {48, 79, 1, {158, 21}, {79, 10}},           // 10.5 goes to the even
      {48, 79, 1, {158, 23}, {79, 12}},           // and so does 11.5
      {48, 79, 1, {80, 40}, {80, 40}},            // 39.5 became the side it has already: it stays as it is
      {48, 79, 1, {33, 80}, {33, 80}},            //
      {66, 100, 1, {100, 66}, {100, 66}},         //
      {800, 1333, 16, {640, 480}, {1056, 800}},   // YOLOS
      {800, 1333, 16, {333, 1000}, {432, 1328}},  //
      {66, 100, 16, {100, 66}, {96, 64}},         //
      {48, 79, 16, {33, 80}, {32, 64}},           // asks in another order: 79, not the 80 that it has
  };
  for (const Expected& want : cases) {
    Recipe recipe;
    recipe.fit = Recipe::Fit::kShortestLongest;
    recipe.resize_height = want.shortest;
    recipe.resize_width = want.longest;
    recipe.multiple = want.multiple;
    EXPECT_EQ(resized_size(want.from, recipe), want.to) << want.from << " " << want.shortest;
  }
}

TEST(ResizedSize, FitsWithinRoundedDown) {
  Recipe recipe;
  recipe.fit = Recipe::Fit::kWithin;
  const auto size = [&](int64_t height, int64_t width) {
    recipe.resize_height = height;
    recipe.resize_width = width;
    return resized_size({200, 100}, recipe);
  };
  EXPECT_EQ(size(50, 50), cv::Size(50, 25));
  EXPECT_EQ(size(200, 500), cv::Size(400, 200));
  EXPECT_EQ(size(100, 33), cv::Size(33, 16));
}

TEST(ResizedSize, RefusesWhatLeavesNothing) {
  Recipe recipe;
  recipe.fit = Recipe::Fit::kShortestLongest;
  recipe.resize_height = 40;
  recipe.resize_width = 66;
  recipe.multiple = 16;
  EXPECT_THROW(resized_size({200, 31}, recipe), Error);
  EXPECT_THROW(resized_size({0, 31}, recipe), Error);
}

}  // namespace
}  // namespace fovea
