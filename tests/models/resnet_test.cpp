#include "models/resnet.h"

#include <gtest/gtest.h>

#include "attention/autograd/grad.h"
#include "attention/base/parallel.h"
#include "attention/ops/loss.h"
#include "attention/ops/reorder.h"
#include "tests/models/refusal.h"
#include "tests/support/isa.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

ResNetConfig small(bool bottleneck) {
  ResNetConfig c{.stem = {8}, .stages = {{16, 1, 1}, {24, 2}, {32, 2}}, .classes = 5};
  c.bottleneck = bottleneck;
  return c;
}

ResNetConfig deep() {
  ResNetConfig c = small(true);
  c.stem = {4, 4, 8};
  c.pooled_shortcut = true;
  return c;
}

ResNet build(const ResNetConfig& config, Purpose purpose = Purpose::kInference) {
  ParameterStore store(5, purpose);
  return ResNet(config, Weights(store));
}

void expect_near(const Tensor& got, const Tensor& want, float tolerance) {
  ASSERT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < got.count(); ++i)
    ASSERT_NEAR(got.data()[i], want.data()[i], tolerance * (1 + std::abs(want.data()[i]))) << i;
}

TEST(ResNet, SameBitsForAnyThreadsAndBatch) {
  const Tensor images = random_tensor({5, 37, 45, 3}, 2);
  for (const ResNetConfig& config : {small(false), small(true), deep()}) {
    const ResNet net = build(config);
    const Tensor want = net.logits(images);
    for (int threads : {1, 2, 3}) {
      Threads arena(threads);
      for (int64_t batch : {1, 2, 5})
        for (int64_t first = 0; first < 5; first += batch) {
          const int64_t count = std::min<int64_t>(batch, 5 - first);
          Tensor got;
          arena.run([&] { got = net.logits(slice(images, 0, first, count)); });
          EXPECT_TRUE(same_bits(got, slice(want, 0, first, count))) << threads << " threads, batch " << batch;
        }
    }
  }
}

TEST(ResNet, TrainsAndInfersAlike) {
  const Tensor images = random_tensor({2, 33, 40, 3}, 3);
  for (const ResNetConfig& config : {small(false), small(true), deep()})
    expect_near(build(config).logits(images), build(config, Purpose::kTraining).logits(images), 1e-4f);
}

TEST(ResNet, HandsOutTheMapOfEachStage) {
  const ResNet net = build(small(true));
  const Tensor images = random_tensor({2, 65, 70, 3}, 4);
  Taps taps;
  const std::vector<Tensor> maps = net.maps(images, {.taps = &taps});
  const Shape want[] = {{2, 17, 18, 8}, {2, 17, 18, 16}, {2, 9, 9, 24}, {2, 5, 5, 32}};
  ASSERT_EQ(maps.size(), 4u);
  ASSERT_EQ(taps.states.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(maps[i].shape(), want[i]);
    EXPECT_TRUE(same_bits(maps[i], taps.states[i].value));
  }
  EXPECT_EQ(taps.states[0].name, "stem");
  EXPECT_EQ(taps.states[3].name, "stages.2");
  const Tensor pooled = net.embed(images);
  for (int64_t channel = 0; channel < 32; ++channel) {
    double sum = 0;
    for (int64_t i = 0; i < 25; ++i) sum += maps[3].data()[i * 32 + channel];
    EXPECT_NEAR(pooled.data()[channel], sum / 25, 1e-4);
  }
  EXPECT_TRUE(same_bits(net.classify(pooled), net.logits(images)));
}

TEST(ResNet, LeavesOutTheMapsThatNobodyAsksFor) {
  const Tensor images = random_tensor({1, 65, 70, 3}, 4);
  for (const ResNetConfig& config : {small(false), small(true), deep()}) {
    const ResNet net = build(config);
    const std::vector<Tensor> all = net.maps(images), last = net.maps(images, {}, 2);
    ASSERT_EQ(last.size(), 4u);
    for (size_t i = 0; i < 2; ++i) EXPECT_FALSE(last[i]);
    for (size_t i = 2; i < 4; ++i) EXPECT_TRUE(same_bits(last[i], all[i]));
  }
}

// A stride replaced by a dilation computes the same at every second position.
TEST(ResNet, DilatedStageHoldsTheStridedOne) {
  for (bool bottleneck : {false, true}) {
    ResNetConfig config = small(bottleneck);
    const Tensor images = random_tensor({1, 64, 72, 3}, 6);
    const Tensor strided = build(config).maps(images).back();
    config.stages.back() = {32, 2, 1, 2};
    const Tensor dilated = build(config).maps(images).back();
    ASSERT_EQ(strided.shape(), (Shape{1, 4, 5, 32}));
    ASSERT_EQ(dilated.shape(), (Shape{1, 8, 9, 32}));
    Tensor every_second(strided.shape());
    float* out = every_second.mutable_data();
    for (int64_t y = 0; y < 8; y += 2)
      for (int64_t x = 0; x < 9; x += 2) out = std::copy_n(dilated.data() + (y * 9 + x) * 32, 32, out);
    expect_near(every_second, strided, 1e-4f);
  }
}

TEST(ResNet, LearnsByBatchStatisticsOnlyWhereThePassCollectsThem) {
  ParameterStore store(5, Purpose::kTraining);
  const ResNet net(small(true), Weights(store));
  const Tensor images = random_tensor({3, 32, 32, 3}, 7);
  Rng rng(1);
  RunningUpdates updates;
  const Tensor frozen = net.logits(images, {.training = &rng});
  const Tensor trained = net.logits(images, {.training = &rng, .running = &updates});
  EXPECT_EQ(updates.size(), 2u * (1 + 3 * 5 + 3));  // mean and variance: stem, blocks, shortcuts
  EXPECT_FALSE(same_bits(frozen, trained));
  const Gradients gradients = backward(cross_entropy(trained, std::vector<int>{0, 1, 2}));
  for (const Parameter& p : store.parameters()) {
    const Tensor gradient = gradients[p.value];
    ASSERT_TRUE(gradient) << p.name;
    double sum = 0;
    for (int64_t i = 0; i < gradient.count(); ++i) sum += std::abs(gradient.data()[i]);
    EXPECT_GT(sum, 0) << p.name;
  }
}

TEST(ResNet, RefusesPicturesOfOtherChannels) {
  const ResNet net = build(small(false));
  expect_words(refusal_of([&] { net.logits(random_tensor({1, 32, 32, 4}, 1)); }), {"resnet", "[B, H, W, 3]"});
  expect_words(refusal_of([&] { net.logits(random_tensor({32, 32, 3}, 1)); }), {"resnet"});
  ResNetConfig bare = small(false);
  bare.classes = 0;
  expect_words(refusal_of([&] { build(bare).logits(random_tensor({1, 32, 32, 3}, 1)); }), {"no classifier"});
}

}  // namespace
}  // namespace fovea
