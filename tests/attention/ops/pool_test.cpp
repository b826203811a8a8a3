// Pools and gates against loops in double, and against central differences.
#include "attention/ops/pool.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "tests/support/gradient_check.h"
#include "tests/support/isa.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

double at(const Tensor& x, int64_t b, int64_t i, int64_t j, int64_t c) {
  return x.data()[((b * x.dim(1) + i) * x.dim(2) + j) * x.dim(3) + c];
}

// One window by the definition: its values inside the map, and how many it has inside the padded map.
struct Window {
  std::vector<double> values;
  int64_t padded = 0;
};

Window window_of(const Tensor& x, const Pool& how, int64_t b, int64_t oi, int64_t oj, int64_t c) {
  Window window;
  for (int64_t ki = 0; ki < how.kernel[0]; ++ki)
    for (int64_t kj = 0; kj < how.kernel[1]; ++kj) {
      const int64_t i = oi * how.stride[0] - how.padding[0] + ki * how.dilation[0];
      const int64_t j = oj * how.stride[1] - how.padding[1] + kj * how.dilation[1];
      if (i < x.dim(1) + how.padding[0] && j < x.dim(2) + how.padding[1]) ++window.padded;
      if (i >= 0 && i < x.dim(1) && j >= 0 && j < x.dim(2)) window.values.push_back(at(x, b, i, j, c));
    }
  return window;
}

// The worst difference of y from value(window) of each window.
template <class Value>
double worst_difference(const Tensor& x, const Tensor& y, const Pool& how, const Value& value) {
  double worst = 0;
  for (int64_t b = 0; b < y.dim(0); ++b)
    for (int64_t i = 0; i < y.dim(1); ++i)
      for (int64_t j = 0; j < y.dim(2); ++j)
        for (int64_t c = 0; c < y.dim(3); ++c)
          worst = std::max(worst, std::abs(value(window_of(x, how, b, i, j, c)) - at(y, b, i, j, c)));
  return worst;
}

const Pool kPools[] = {
    {},
    {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}},
    {.kernel = {3, 2}, .stride = {1, 3}, .padding = {1, 0}, .counts_padding = false},
    {.kernel = {2, 3}, .stride = {2, 2}, .padding = {0, 1}, .ceil = true},
};

TEST(MaxPool, TakesTheLargestOfEachWindow) {
  for_each_isa([] {
    for (const int64_t channels : {1, 5, 8, 21})
      for (Pool how : kPools) {
        const Tensor x = random_tensor({2, 7, 8, channels}, static_cast<uint64_t>(channels));
        const auto largest = [](const Window& w) {
          return *std::max_element(w.values.begin(), w.values.end());
        };
        EXPECT_EQ(worst_difference(x, max_pool(x, how), how, largest), 0);
        how.dilation = {2, 2};
        EXPECT_EQ(worst_difference(x, max_pool(x, how), how, largest), 0);
      }
  });
}

TEST(MaxPool, GivesTheGradientToTheFirstOfEquals) {
  Tensor x = Tensor::full({1, 4, 4, 9}, 2);
  watch(x);
  const Gradients gradients = backward(sum_all(max_pool(x, {})));
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t j = 0; j < 4; ++j)
      EXPECT_EQ(at(gradients[x], 0, i, j, 8), i % 2 == 0 && j % 2 == 0 ? 1 : 0) << i << ", " << j;
}

TEST(MaxPool, KeepsNanAndInfinity) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Tensor x = Tensor::full({1, 2, 4, 10}, -kInfinity);
  x.mutable_data()[3] = std::nanf("");
  const Tensor y = max_pool(x, {});
  EXPECT_TRUE(std::isnan(y.data()[3]));
  EXPECT_EQ(y.data()[13], -kInfinity);
  watch(x);
  EXPECT_EQ(backward(sum_all(max_pool(x, {})))[x].data()[20], 1);  // the first of a window of -inf
}

TEST(AveragePool, DividesByWhatItCounts) {
  for_each_isa([] {
    for (const int64_t channels : {1, 5, 8, 21})
      for (const Pool& how : kPools) {
        const Tensor x = random_tensor({2, 7, 8, channels}, static_cast<uint64_t>(channels));
        const auto mean = [&](const Window& w) {
          double sum = 0;
          for (const double v : w.values) sum += v;
          return sum / static_cast<double>(how.counts_padding ? w.padded : std::ssize(w.values));
        };
        EXPECT_LT(worst_difference(x, average_pool(x, how), how, mean), 1e-6);
      }
  });
}

TEST(AdaptiveAveragePool, CoversTheMapWithWindowsThatMayOverlap) {
  const Tensor x = random_tensor({2, 7, 10, 3}, 5), y = adaptive_average_pool(x, 3, 4);
  ASSERT_EQ(y.shape(), (Shape{2, 3, 4, 3}));
  double sum = 0;  // rows 2 to 4, columns 5 to 7
  for (int64_t i = 2; i < 5; ++i)
    for (int64_t j = 5; j < 8; ++j) sum += at(x, 1, i, j, 2);
  EXPECT_NEAR(at(y, 1, 1, 2, 2), sum / 9, 1e-6);
  EXPECT_TRUE(same_bits(adaptive_average_pool(x, 7, 10), x));
}

TEST(GlobalPools, ReduceEachPicture) {
  for_each_isa([] {
    const Tensor x = random_tensor({3, 17, 33, 13}, 6), mean = global_average_pool(x),
                 most = global_max_pool(x);
    for (int64_t b = 0; b < 3; ++b)
      for (int64_t c = 0; c < 13; ++c) {
        double sum = 0, largest = -1e9;
        for (int64_t i = 0; i < 17; ++i)
          for (int64_t j = 0; j < 33; ++j) {
            sum += at(x, b, i, j, c);
            largest = std::max(largest, at(x, b, i, j, c));
          }
        EXPECT_NEAR(mean.data()[b * 13 + c], sum / (17 * 33), 1e-7);
        EXPECT_EQ(most.data()[b * 13 + c], largest);
      }
  });
}

TEST(ChannelPools, ReduceEachPosition) {
  for_each_isa([] {
    for (const int64_t channels : {1, 7, 8, 40, 67}) {
      const Tensor x = random_tensor({2, 3, 4, channels}, 7), mean = channel_mean(x), most = channel_max(x);
      ASSERT_EQ(mean.shape(), (Shape{2, 3, 4, 1}));
      for (int64_t r = 0; r < mean.count(); ++r) {
        const float* const row = x.data() + r * channels;
        EXPECT_NEAR(mean.data()[r], std::accumulate(row, row + channels, 0.) / static_cast<double>(channels),
                    1e-6);
        EXPECT_EQ(most.data()[r], *std::max_element(row, row + channels));
      }
    }
  });
}

TEST(Gates, ScaleTheirChannelsOrPositions) {
  for_each_isa([] {
    const Tensor x = random_tensor({2, 3, 5, 11}, 8);
    const Tensor channels = random_tensor({2, 11}, 9), positions = random_tensor({2, 3, 5, 1}, 10);
    const Tensor a = scale_channels(x, channels), b = scale_positions(x, positions);
    for (int64_t i = 0; i < x.count(); ++i) {
      EXPECT_EQ(a.data()[i], x.data()[i] * channels.data()[i / (15 * 11) * 11 + i % 11]);
      EXPECT_EQ(b.data()[i], x.data()[i] * positions.data()[i / 11]);
    }
  });
}

struct Case {
  const char* name;
  Inputs inputs;
  std::function<Tensor(const Inputs&)> f;
};

std::vector<Case> cases() {
  const Tensor x = random_tensor({2, 5, 6, 3}, 11, 3);
  std::vector<Case> all = {
      {"adaptive_average_pool", {x}, [](const Inputs& t) { return adaptive_average_pool(t[0], 3, 4); }},
      {"global_average_pool", {x}, [](const Inputs& t) { return global_average_pool(t[0]); }},
      {"global_max_pool", {x}, [](const Inputs& t) { return global_max_pool(t[0]); }},
      {"channel_mean", {x}, [](const Inputs& t) { return channel_mean(t[0]); }},
      {"channel_max", {x}, [](const Inputs& t) { return channel_max(t[0]); }},
      {"scale_channels",
       {x, random_tensor({2, 3}, 12)},
       [](const Inputs& t) { return scale_channels(t[0], t[1]); }},
      {"scale_positions", {x, random_tensor({2, 5, 6, 1}, 13)}, [](const Inputs& t) {
         return scale_positions(t[0], t[1]);
       }}};
  for (const Pool& how : kPools) {
    all.push_back({"max_pool", {x}, [how](const Inputs& t) { return max_pool(t[0], how); }});
    all.push_back({"average_pool", {x}, [how](const Inputs& t) { return average_pool(t[0], how); }});
  }
  return all;
}

TEST(Pools, HaveTheGradientsOfCentralDifferences) {
  for_each_isa([] {
    for (const Case& c : cases()) {
      Inputs inputs;
      for (const Tensor& t : c.inputs) inputs.push_back(t.clone());
      EXPECT_LT(gradient_error(inputs, c.f), 2e-3) << c.name;
    }
  });
}

TEST(Pools, GiveTheSameBitsOnAnyNumberOfThreads) {
  const Tensor x = random_tensor({3, 40, 40, 70}, 14), gate = random_tensor({3, 70}, 15);
  const auto compute = [&](int threads) {
    std::vector<Tensor> all;
    Threads(threads).run([&] {
      Tensor own = x.clone(), own_gate = gate.clone();
      watch(own), watch(own_gate);
      const Tensor scaled = scale_channels(own, own_gate);
      const Tensor loss = to_loss(max_pool(scaled, kPools[1])) + to_loss(average_pool(scaled, kPools[1])) +
                          to_loss(global_average_pool(scaled)) + to_loss(channel_max(scaled));
      const Gradients gradients = backward(loss);
      all = {loss, gradients[own], gradients[own_gate]};
    });
    return all;
  };
  const std::vector<Tensor> one = compute(1), three = compute(3);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], three[i])) << i;
}

// As torch: with `ceil` one window may reach beyond a map that is smaller than it.
TEST(Pools, AWindowReachesBeyondASmallMap) {
  const Tensor x({1, 2, 2, 1}, std::vector<float>{1, 2, 3, 4});
  const Pool how{.kernel = {3, 3}, .stride = {2, 2}, .ceil = true};
  for (const Tensor& y : {max_pool(x, how), average_pool(x, how)}) ASSERT_EQ(y.shape(), (Shape{1, 1, 1, 1}));
  EXPECT_EQ(max_pool(x, how).data()[0], 4);
  EXPECT_EQ(average_pool(x, how).data()[0], 2.5f);
  EXPECT_THROW(max_pool(x, {.kernel = {4, 4}, .stride = {2, 2}, .ceil = true}), Error);
  EXPECT_THROW(max_pool(x, {.kernel = {3, 3}, .stride = {2, 2}}), Error);
}

TEST(Pools, NameWhatDoesNotFit) {
  const Tensor x = random_tensor({1, 4, 4, 2}, 16);
  EXPECT_THROW(max_pool(x, {.kernel = {5, 2}}), Error);
  EXPECT_THROW(max_pool(x, {.stride = {0, 1}}), Error);
  EXPECT_THROW(max_pool(x, {.padding = {2, 0}}), Error);
  EXPECT_THROW(max_pool(random_tensor({4, 4, 2}, 1), {}), Error);
  EXPECT_THROW(average_pool(x, {.dilation = {2, 1}}), Error);
  EXPECT_THROW(adaptive_average_pool(x, 0, 1), Error);
  EXPECT_THROW(scale_channels(x, random_tensor({1, 3}, 1)), Error);
  EXPECT_THROW(scale_positions(x, random_tensor({1, 4, 4, 2}, 1)), Error);
}

}  // namespace
}  // namespace fovea
