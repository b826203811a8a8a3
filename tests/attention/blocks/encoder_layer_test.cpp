#include "attention/blocks/encoder_layer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "attention/base/rng.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

struct Layer {
  explicit Layer(const EncoderLayerConfig& config)
      : store(5, Purpose::kTraining), layer(config, Weights(store) / "layer") {}
  Tensor trained(const Tensor& x, uint64_t seed) const {
    Rng rng(seed);
    return layer(x, {.training = &rng});
  }
  ParameterStore store;
  EncoderLayer layer;
};

constexpr EncoderLayerConfig kSizes{.dim = 12, .mlp = 20, .heads = 3};

TEST(EncoderLayer, DropsNothingUnlessAskedToAndInTraining) {
  const Tensor x = random_tensor({2, 5, 12}, 1);
  const Layer plain(kSizes);
  const Tensor want = plain.layer(x, {});
  EXPECT_TRUE(same_bits(plain.trained(x, 1), want));
  for (float EncoderLayerConfig::*share :
       {&EncoderLayerConfig::attention_dropout, &EncoderLayerConfig::hidden_dropout,
        &EncoderLayerConfig::dropout, &EncoderLayerConfig::drop_path}) {
    EncoderLayerConfig config = kSizes;
    config.*share = 0.5f;
    const Layer drops(config);
    EXPECT_TRUE(same_bits(drops.layer(x, {}), want));
    EXPECT_FALSE(same_bits(drops.trained(x, 1), want));
    EXPECT_TRUE(same_bits(drops.trained(x, 1), drops.trained(x, 1)));
  }
}

// Where both halves add nothing a value stays what it was: at a share of p, in p^2 of the places.
void expect_untouched(int64_t untouched, int64_t places, float share) {
  const double p = static_cast<double>(share) * static_cast<double>(share);
  const double mean = static_cast<double>(places) * p;
  EXPECT_NEAR(static_cast<double>(untouched), mean, 5 * std::sqrt(mean * (1 - p))) << share;
}

TEST(EncoderLayer, DropoutTakesValuesOfWhatEachHalfAdds) {
  const Tensor x = random_tensor({20, 25, 12}, 2);
  for (const float share : {0.25f, 0.5f}) {
    EncoderLayerConfig config = kSizes;
    config.dropout = share;
    const Tensor y = Layer(config).trained(x, 3);
    int64_t untouched = 0;
    for (int64_t i = 0; i < x.count(); ++i) untouched += y.data()[i] == x.data()[i];
    expect_untouched(untouched, x.count(), share);
  }
}

TEST(EncoderLayer, StochasticDepthTakesHalvesOfWholePictures) {
  constexpr int64_t kPictures = 2000, kEach = 3 * 12;
  const Tensor x = random_tensor({kPictures, 3, 12}, 2);
  for (const float share : {0.25f, 0.5f}) {
    EncoderLayerConfig config = kSizes;
    config.drop_path = share;
    const Tensor y = Layer(config).trained(x, 3);
    int64_t untouched = 0;
    for (int64_t b = 0; b < kPictures; ++b) {
      const float* const to = y.data() + b * kEach;
      int64_t same = 0;
      for (int64_t i = 0; i < kEach; ++i) same += to[i] == x.data()[b * kEach + i];
      EXPECT_TRUE(same == kEach || same < kEach / 4) << "picture " << b << ": " << same;
      untouched += same == kEach;
    }
    expect_untouched(untouched, kPictures, share);
  }
}

TEST(EncoderLayer, RowsThatNobodyWantsDropOutOfTheResultAlone) {
  const Tensor x = random_tensor({2, 5, 12}, 1);
  const Layer plain(kSizes);
  const Tensor all = plain.layer(x, {}), some = plain.layer(x, 2, {});
  ASSERT_EQ(some.shape(), (Shape{2, 2, 12}));
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t i = 0; i < 2 * 12; ++i)
      EXPECT_NEAR(some.data()[b * 24 + i], all.data()[b * 60 + i], 1e-5f) << b << " " << i;
  EncoderLayerConfig config = kSizes;
  config.dropout = 0.5f;
  Rng rng(1);
  EXPECT_EQ(Layer(config).layer(x, 2, {.training = &rng}).shape(), (Shape{2, 2, 12}));
}

}  // namespace
}  // namespace fovea
