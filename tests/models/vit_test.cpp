#include "models/vit.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/reorder.h"
#include "tests/support/isa.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

VitConfig small(VitConfig::Pool pool = VitConfig::Pool::kClassToken) {
  VitConfig c{.image_height = 48, .image_width = 48, .patch_height = 8, .patch_width = 8};
  c.dim = 48, c.depth = 3, c.mlp = 100, c.classes = 11, c.heads = 3;
  c.pool = pool;
  c.distillation_token = pool == VitConfig::Pool::kBothTokens;
  return c;
}

Vit build(const VitConfig& config, Purpose purpose = Purpose::kInference) {
  ParameterStore store(5, purpose);
  return Vit(config, Weights(store));
}

constexpr VitConfig::Pool kPools[] = {VitConfig::Pool::kClassToken, VitConfig::Pool::kBothTokens,
                                      VitConfig::Pool::kMean};

TEST(Vit, LastLayerForTheReadTokensAloneHasTheSameBits) {
  for_each_isa([] {
    const Tensor images = random_tensor({2, 48, 48, 3}, 1);
    for (VitConfig::Pool pool : kPools) {
      const Vit vit = build(small(pool));
      EXPECT_TRUE(same_bits(vit.logits(images), vit(images).logits));
    }
  });
}

TEST(Vit, SameBitsForAnyThreadsAndBatch) {
  const Tensor images = random_tensor({7, 48, 48, 3}, 2);
  for (VitConfig::Pool pool : kPools) {
    const Vit vit = build(small(pool));
    const Tensor want = vit.logits(images);
    for (int threads : {1, 2, 3, 8}) {
      Threads arena(threads);
      for (int64_t batch : {1, 2, 7})
        for (int64_t first = 0; first < 7; first += batch) {
          const int64_t count = std::min<int64_t>(batch, 7 - first);
          Tensor got;
          arena.run([&] { got = vit.logits(slice(images, 0, first, count)); });
          EXPECT_TRUE(same_bits(got, slice(want, 0, first, count))) << threads << " threads, batch " << batch;
        }
    }
  }
}

TEST(Vit, TrainsAndInfersAlike) {
  const Tensor images = random_tensor({2, 48, 48, 3}, 3);
  const Tensor trained = build(small(), Purpose::kTraining).logits(images);
  const Tensor inferred = build(small()).logits(images);
  for (int64_t i = 0; i < trained.count(); ++i) EXPECT_NEAR(trained.data()[i], inferred.data()[i], 2e-5);
}

TEST(Vit, FittedOnceIsFittedEachTime) {
  VitConfig config = small();
  for (GridResample how :
       {GridResample::kBicubic, GridResample::kBicubicAntialias, GridResample::kBicubicAlignCorners}) {
    config.resample = how;
    const Vit vit = build(config);
    const Tensor images = random_tensor({1, 70, 41, 3}, 4);  // 8 x 5 patches and a rest
    EXPECT_TRUE(same_bits(vit.logits(images), vit.fitted(70, 41).logits(images)));
  }
}

TEST(Vit, EmbeddingIsWhatTheClassifierReads) {
  const Vit vit = build(small());
  const Tensor images = random_tensor({2, 48, 48, 3}, 5);
  EXPECT_TRUE(same_bits(vit.embed(images), select(vit(images).features, 0)));
}

TEST(Vit, TapsHandOutMapsAndStates) {
  const Vit vit = build(small());
  Taps taps;
  vit(random_tensor({1, 48, 48, 3}, 6), {.taps = &taps});
  ASSERT_EQ(taps.maps.size(), 3u);
  EXPECT_EQ(taps.maps[1].name, "layers.1.attn");
  EXPECT_EQ(taps.maps[1].weights().shape(), (Shape{1, 3, 37, 37}));
  EXPECT_EQ(taps.states.size(), 4u);
  for (int64_t row = 0; row < 3 * 37; ++row) {
    double sum = 0;
    for (int64_t j = 0; j < 37; ++j) sum += taps.maps[0].weights().data()[row * 37 + j];
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}

TEST(Vit, RefusesPicturesItCannotCut) {
  const Vit vit = build(small());
  EXPECT_THROW(vit.logits(random_tensor({1, 48, 48, 4}, 1)), Error);
  EXPECT_THROW(vit.logits(random_tensor({1, 7, 48, 3}, 1)), Error);
  VitConfig wide = small();
  wide.image_width = 96;
  EXPECT_THROW(build(wide).logits(random_tensor({1, 64, 64, 3}, 1)), Error);
}

}  // namespace
}  // namespace fovea
