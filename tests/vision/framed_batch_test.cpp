#include "vision/framed_batch.h"

#include <algorithm>

#include "tests/vision/picture_data.h"
#include "vision/preprocess.h"

namespace fovea {
namespace {

Recipe detr() {
  return recipe_from_transformers(
      R"({"image_processor_type": "DetrImageProcessor", "size": {"shortest_edge": 12, "longest_edge": 20}})");
}

// One picture through the same steps, at a size that is known.
Tensor alone(const cv::Mat& rgb, Recipe recipe, int64_t height, int64_t width) {
  recipe.fit = Recipe::Fit::kSquash;
  recipe.resize_height = height;
  recipe.resize_width = width;
  return make_batch({&rgb, 1}, recipe);
}

void expect_frame(const FramedBatch& batch, int64_t i, const Tensor& picture, bool hidden) {
  const int64_t H = batch.images.dim(1), W = batch.images.dim(2);
  for (int64_t y = 0; y < H; ++y)
    for (int64_t x = 0; x < W; ++x) {
      const bool inside = y < picture.dim(1) && x < picture.dim(2);
      const int64_t at = (i * H + y) * W + x;
      if (hidden) {
        ASSERT_EQ(batch.padding.data()[at], inside ? 0 : 1);
      }
      for (int64_t c = 0; c < 3; ++c)
        ASSERT_EQ(batch.images.data()[3 * at + c],
                  inside ? picture.data()[(y * picture.dim(2) + x) * 3 + c] : 0.0f);
    }
}

TEST(FramedBatch, FillsUpBelowAndToTheRight) {
  const cv::Mat pictures[] = {noise_picture(30, 40, 1), noise_picture(40, 30, 2)};
  for (const bool hide : {true, false})
    for (const int64_t pad : {0, 24}) {
      Recipe recipe = detr();
      recipe.hide_padding = hide;
      recipe.pad_height = recipe.pad_width = pad;
      const FramedBatch batch = make_framed_batch(pictures, recipe);
      const int64_t side = pad > 0 ? pad : 16;
      ASSERT_EQ(batch.images.shape(), (Shape{2, side, side, 3}));
      ASSERT_EQ(bool(batch.padding), hide);
      expect_frame(batch, 0, alone(pictures[0], recipe, 12, 16), hide);
      expect_frame(batch, 1, alone(pictures[1], recipe, 16, 12), hide);
    }
}

TEST(FramedBatch, HasNoPaddingWhereEveryPictureFillsItsFrame) {
  const cv::Mat pictures[] = {noise_picture(30, 40, 1), noise_picture(15, 20, 2)};
  const FramedBatch batch = make_framed_batch(pictures, detr());
  EXPECT_EQ(batch.images.shape(), (Shape{2, 12, 16, 3}));
  EXPECT_FALSE(batch.padding);
}

TEST(FramedBatch, CropsWhereTheRecipeDoes) {
  const cv::Mat picture = noise_picture(30, 40, 1);
  const Recipe deit = recipe_from_transformers(
      R"({"image_processor_type": "DeiTImageProcessor", "size": 20, "crop_size": 16})");
  const Tensor want = make_batch({&picture, 1}, deit);
  const FramedBatch got = make_framed_batch({&picture, 1}, deit);
  EXPECT_TRUE(std::ranges::equal(got.images.values(), want.values()));
}

TEST(FramedBatch, RefusesWhatDoesNotFit) {
  const cv::Mat picture = noise_picture(30, 40, 1), gray(4, 4, CV_8UC1);
  Recipe recipe = detr();
  recipe.pad_height = recipe.pad_width = 15;
  EXPECT_NE(complaint([&] { make_framed_batch({&picture, 1}, recipe); }).find("16 x 12"), std::string::npos);
  EXPECT_NE(complaint([&] { make_framed_batch({&gray, 1}, recipe); }).find("8-bit RGB"), std::string::npos);
  EXPECT_NE(complaint([&] { make_framed_batch({}, recipe); }).find("no pictures"), std::string::npos);
}

}  // namespace
}  // namespace fovea
