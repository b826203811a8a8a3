#include "attention/nn/convolution_layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/ops/norm.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

ParameterMap stored(const std::map<std::string, Tensor>& tensors) {
  ParameterMap map;
  for (const auto& [name, value] : tensors)
    map[name] = {value.shape(), [value = value] { return value.clone(); }, name};
  return map;
}

constexpr Activation kRelu = Activation::kRelu;

Tensor variances(int64_t n, uint64_t seed) {
  Tensor t = random_tensor({n}, seed);
  for (int64_t i = 0; i < n; ++i) t.mutable_data()[i] = 0.2f + t.data()[i] * t.data()[i];
  return t;
}

// A trained convolution 6 -> 10 and its batch norm.
std::map<std::string, Tensor> trained() {
  return {{"conv.weight", random_tensor({10, 6, 3, 3}, 1, 0.2)},
          {"norm.weight", random_tensor({10}, 2)},
          {"norm.bias", random_tensor({10}, 3)},
          {"norm.running_mean", random_tensor({10}, 4)},
          {"norm.running_var", variances(10, 5)}};
}

void expect_near(const Tensor& got, const Tensor& want, double tolerance) {
  ASSERT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < want.count(); ++i) ASSERT_NEAR(got.data()[i], want.data()[i], tolerance) << i;
}

TEST(Conv2d, PackedEqualsTrained) {
  const ParameterMap checkpoint =
      stored({{"weight", random_tensor({8, 3, 3, 5}, 1)}, {"bias", random_tensor({8}, 2)}});
  ParameterStore packs(checkpoint, Purpose::kInference), trains(checkpoint, Purpose::kTraining);
  const Convolution how{.stride = {2, 1}, .padding = {1, 2}, .groups = 2};
  const Conv2d fast(6, 8, {3, 5}, Weights(packs), how), plain(6, 8, {3, 5}, Weights(trains), how);
  const Tensor x = random_tensor({2, 7, 6, 6}, 3);
  const Tail tail{.activation = kRelu, .residual = random_tensor({2, 4, 6, 8}, 4)};
  EXPECT_TRUE(same_bits(fast(x), plain(x)));
  expect_near(fast(x, tail), plain(x, tail), 1e-6);
  EXPECT_EQ(fast(x).grad_node(), nullptr);
  EXPECT_NE(plain(x).grad_node(), nullptr);
}

TEST(Conv2d, NamesItsParametersAndDrawsTheWeightByItsFanIn) {
  ParameterStore store(7, Purpose::kTraining);
  const Weights w(store);
  const Conv2d biased(64, 32, {3, 3}, w / "a"), plain(8, 8, {1, 1}, w / "b", {}, false);
  ASSERT_EQ(store.parameters().size(), 3u);
  EXPECT_EQ(store.parameters()[0].name, "a.weight");
  EXPECT_EQ(store.parameters()[1].name, "a.bias");
  EXPECT_EQ(store.parameters()[2].name, "b.weight");
  double squares = 0;
  const Tensor& weight = store.parameters()[0].value;
  for (float v : weight.values()) squares += static_cast<double>(v) * v;
  EXPECT_NEAR(squares / static_cast<double>(weight.count()), 2.0 / (64 * 9), 0.1 * 2.0 / (64 * 9));
  EXPECT_THROW(Conv2d(6, 8, {3, 3}, w / "c", {.groups = 4}), Error);
}

TEST(BatchNorm, UsesRunningStatisticsWhereNothingTrains) {
  ParameterStore store(stored({{"weight", random_tensor({5}, 1)},
                               {"bias", random_tensor({5}, 2)},
                               {"running_mean", random_tensor({5}, 3)},
                               {"running_var", variances(5, 4)}}),
                       Purpose::kInference);
  const BatchNorm norm(5, Weights(store), {.eps = 1e-3f});
  const Tensor x = random_tensor({2, 3, 4, 5}, 5), y = norm(x, {}, kRelu);
  for (int64_t i = 0; i < x.count(); ++i) {
    const auto of = [c = i % 5](const Tensor& t) { return static_cast<double>(t.data()[c]); };
    const double scale = of(random_tensor({5}, 1)) / std::sqrt(of(variances(5, 4)) + 1e-3);
    const double want = (x.data()[i] - of(random_tensor({5}, 3))) * scale + of(random_tensor({5}, 2));
    EXPECT_NEAR(y.data()[i], std::max(want, 0.0), 1e-5);
  }
}

TEST(BatchNorm, HandsTheBatchsStatisticsOut) {
  ParameterStore store(1, Purpose::kTraining);
  const BatchNorm norm(2, Weights(store), {.momentum = 0.25f});
  const Tensor x(Shape{1, 1, 4, 2}, std::vector<float>{1, 10, 2, 10, 3, 30, 6, 30});
  Rng rng(1);
  RunningUpdates running;
  const Tensor y = norm(x, {.training = &rng, .running = &running});
  EXPECT_NEAR(y.data()[0], -2 / std::sqrt(3.5), 1e-4);  // by the batch's own mean 3 and biased variance 3.5
  ASSERT_EQ(running.size(), 2u);
  EXPECT_NEAR(running[0].batch.data()[0], 3, 1e-6);
  EXPECT_NEAR(running[0].batch.data()[1], 20, 1e-5);
  EXPECT_NEAR(running[1].batch.data()[0], 14 / 3.0, 1e-5);
  EXPECT_NEAR(running[1].batch.data()[1], 400 / 3.0, 1e-4);
  const auto state = [&](const std::string& name) {
    for (const Parameter& p : store.state())
      if (p.name == name) return p.value;
    return Tensor();
  };
  EXPECT_EQ(state("running_mean").data()[0], 0);  // not before the step
  apply(running);
  EXPECT_NEAR(state("running_mean").data()[0], 0.75, 1e-6);
  EXPECT_NEAR(state("running_var").data()[0], 0.75 + 0.25 * 14 / 3, 1e-5);
  EXPECT_EQ(store.parameters().size(), 2u);
  // Frozen, though the pass trains: by the running mean and variance that were just moved.
  EXPECT_NEAR(norm(x, {.training = &rng}).data()[0], (1 - 0.75) / std::sqrt(0.75 + 0.25 * 14 / 3), 1e-4);
}

TEST(BatchNorm, RefusesABatchThatHasNoVariance) {
  ParameterStore store(1, Purpose::kTraining);
  const BatchNorm norm(3, Weights(store));
  RunningUpdates updates;
  try {
    norm(random_tensor({1, 1, 1, 3}, 1), {.running = &updates});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("has no variance; train with more pictures"), std::string::npos);
  }
  EXPECT_TRUE(updates.empty());
  EXPECT_NO_THROW(norm(random_tensor({2, 1, 1, 3}, 1), {.running = &updates}));
  EXPECT_NO_THROW(norm(random_tensor({1, 1, 1, 3}, 1), {}));
}

// What is trained behind it shall see what it will be used with.
TEST(BatchNorm, AFrozenOneStaysWhatItIsInUse) {
  const std::map<std::string, Tensor> values = {{"weight", random_tensor({5}, 1)},
                                                {"bias", random_tensor({5}, 2)},
                                                {"running_mean", random_tensor({5}, 3)},
                                                {"running_var", variances(5, 4)}};
  ParameterStore used(stored(values), Purpose::kInference);
  ParameterStore store(stored(values), FineTuning{.seed = 1, .frozen = {"weight", "bias"}, .fresh = {}});
  const Tensor x = random_tensor({2, 3, 4, 5}, 5);
  Rng rng(1);
  RunningUpdates running;
  const Tensor y = BatchNorm(5, Weights(store))(x, {.training = &rng, .running = &running});
  expect_near(y, BatchNorm(5, Weights(used))(x, {}), 0);
  EXPECT_TRUE(running.empty());
}

ConvNorm make(ParameterStore& store, Activation activation = kRelu, const Convolution& how = {}) {
  const Weights w(store);
  return ConvNorm(6, 10, {3, 3}, w / "conv", w / "norm", how, activation, {.eps = 1e-3f});
}

TEST(ConvNorm, FoldedEqualsItsPartsOneAfterAnother) {
  for (const Convolution& how :
       {Convolution{}, Convolution{.stride = {2, 2}}, Convolution{.dilation = {2, 1}}})
    for (Activation activation : {Activation::kNone, kRelu, Activation::kSilu}) {
      ParameterStore packs(stored(trained()), Purpose::kInference);
      ParameterStore trains(stored(trained()), Purpose::kTraining);
      const ConvNorm folded = make(packs, activation, how), plain = make(trains, activation, how);
      const Tensor x = random_tensor({2, 7, 8, 6}, 6), y = folded(x, {});
      EXPECT_EQ(y.shape(), (Shape{2, how.stride[0] == 2 ? 4 : 7, how.stride[0] == 2 ? 4 : 8, 10}));
      const Tensor residual = random_tensor(y.shape(), 7);
      expect_near(y, plain(x, {}), 2e-5);
      expect_near(folded(x, {}, residual), plain(x, {}, residual), 2e-5);
    }
}

// Of each picture the residual alone, or what the layer adds to it, made up for the others.
TEST(ConvNorm, LeavesOutWhatItAddsToWholePictures) {
  constexpr int64_t kPictures = 64;
  ParameterStore store(stored(trained()), Purpose::kTraining);
  const ConvNorm layer = make(store);
  const Tensor x = random_tensor({kPictures, 3, 3, 6}, 8), residual = random_tensor({kPictures, 3, 3, 10}, 9);
  const Tensor added = make(store, Activation::kNone)(x, {}), alone = relu(residual),
               both = relu(scale(added, 4) + residual);
  Rng rng(1);
  const Tensor y = layer(x, {.training = &rng}, residual, 0.75f);
  int64_t left_out = 0;
  for (int64_t b = 0; b < kPictures; ++b) {
    const Tensor picture = slice(y, 0, b, 1);
    const bool out = same_bits(picture, slice(alone, 0, b, 1));
    if (!out) expect_near(picture, slice(both, 0, b, 1), 1e-5);
    left_out += out;
  }
  EXPECT_NEAR(left_out, 48, 5 * std::sqrt(kPictures * 0.75 * 0.25));
  EXPECT_TRUE(same_bits(layer(x, {}, residual, 0.75f), layer(x, {}, residual)));
}

TEST(ConvNorm, TrainsAsConvolutionBatchNormAndActivation) {
  ParameterStore store(stored(trained()), Purpose::kTraining);
  const ConvNorm layer = make(store);
  const std::map<std::string, Tensor> all = trained();
  const Tensor x = random_tensor({3, 5, 4, 6}, 8), residual = random_tensor({3, 5, 4, 10}, 9);
  const Tensor plain = convolution(x, all.at("conv.weight"), {}, {.padding = {1, 1}});
  const auto by_parts = [&](Activation activation) {
    Moments moments;
    return batch_norm(plain, all.at("norm.weight"), all.at("norm.bias"), 1e-3f, activation, moments);
  };
  Rng rng(1);
  RunningUpdates running;
  const Pass pass{.training = &rng, .running = &running};
  const Tensor y = layer(x, pass);
  expect_near(y, by_parts(kRelu), 1e-5);
  expect_near(layer(x, pass, residual), relu(by_parts(Activation::kNone) + residual), 1e-5);
  EXPECT_EQ(running.size(), 4u);
  const Gradients gradients = backward(sum_all(mul(y, y)));
  ASSERT_EQ(store.parameters().size(), 3u);
  for (const Parameter& p : store.parameters()) EXPECT_TRUE(gradients.has(p.value)) << p.name;
}

TEST(ConvNorm, KeepsAPaddingThatIsGiven) {
  ParameterStore store(stored(trained()), Purpose::kInference);
  EXPECT_EQ(make(store, kRelu, {.padding = {2, 0}})(random_tensor({1, 5, 5, 6}, 1), {}).shape(),
            (Shape{1, 7, 3, 10}));
}

}  // namespace
}  // namespace fovea
