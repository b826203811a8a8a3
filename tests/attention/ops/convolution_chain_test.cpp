#include "attention/ops/convolution_chain.h"

#include <gtest/gtest.h>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "tests/support/isa.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

struct Case {
  Shape x;
  int64_t middle, last;
  bool residual;
  Activation first, second;
};

// The same bits as one convolution after the other, over sizes that fill no tile or piece.
TEST(ConvolutionChain, EqualsItsTwoConvolutions) {
  using enum Activation;
  const Case cases[] = {{{1, 13, 17, 20}, 50, 7, true, kRelu, kRelu},
                        {{2, 5, 3, 64}, 256, 64, true, kRelu, kRelu},
                        {{1, 1, 1, 3}, 5, 4, false, kNone, kRelu},
                        {{1, 9, 11, 128}, 512, 128, false, kSilu, kNone}};
  for_each_isa([&] {
    for (const Case& c : cases) {
      const Tensor x = random_tensor(c.x, 1), bias1 = random_tensor({c.middle}, 2),
                   bias2 = random_tensor({c.last}, 3);
      const auto first = pack_convolution(random_tensor({c.middle, c.x[3], 1, 1}, 4));
      const auto second = pack_convolution(random_tensor({c.last, c.middle, 1, 1}, 5));
      const Tensor residual = c.residual ? random_tensor(c.x.with_last(c.middle), 6) : Tensor();
      ASSERT_TRUE(chain_suits(first, second));
      const Tensor y = convolution(x, first, bias1, {c.first, residual});
      const Tensor z = convolution(y, second, bias2, {c.second});
      for (int threads : {1, 3}) {
        ChainOutput out;
        Threads(threads).run([&] {
          out = convolution_chain(x, residual, {first, bias1, c.first}, {second, bias2, c.second});
        });
        EXPECT_TRUE(same_bits(out.first, y)) << c.x;
        EXPECT_TRUE(same_bits(out.second, z)) << c.x;
      }
    }
  });
}

// Of 500 channels the first product stores sums on their way.
TEST(ConvolutionChain, WritesOverAResidualThatNobodyElseHolds) {
  for (int64_t channels : {24, 1200}) {
    const auto first = pack_convolution(random_tensor({40, channels, 1, 1}, 1)),
               second = pack_convolution(random_tensor({16, 40, 1, 1}, 2));
    const Tensor x = random_tensor({2, 7, 9, channels}, 3), held = random_tensor({2, 7, 9, 40}, 4);
    const ChainedConvolution links[] = {{first, {}, Activation::kSilu}, {second, {}}};
    const Tensor before = held.clone();
    const ChainOutput want = convolution_chain(x, held, links[0], links[1]);
    EXPECT_TRUE(same_bits(held, before));
    Tensor given = held.clone();
    const float* const memory = given.data();
    const ChainOutput got = convolution_chain(x, std::move(given), links[0], links[1]);
    EXPECT_EQ(got.first.data(), memory);
    EXPECT_TRUE(same_bits(got.first, want.first));
    EXPECT_TRUE(same_bits(got.second, want.second));
  }
}

TEST(ConvolutionChain, SuitsProductsWhoseWeightsStayInTheCache) {
  const auto packed = [](int64_t out, int64_t in, int64_t kernel, const Convolution& how = {}) {
    return pack_convolution(random_tensor({out, in, kernel, kernel}, 1), how);
  };
  EXPECT_TRUE(chain_suits(packed(256, 64, 1), packed(64, 256, 1)));
  EXPECT_FALSE(chain_suits(packed(1024, 256, 1), packed(256, 1024, 1)));
  EXPECT_FALSE(chain_suits(packed(8, 8, 3), packed(8, 8, 1)));
  EXPECT_FALSE(chain_suits(packed(8, 8, 1), packed(8, 8, 1, {.stride = {2, 2}})));
  EXPECT_FALSE(chain_suits(packed(8, 8, 1), packed(8, 16, 1)));
  EXPECT_FALSE(chain_suits(packed(8, 8, 1), {}));
}

TEST(ConvolutionChain, NamesWhatDoesNotFit) {
  const auto first = pack_convolution(random_tensor({8, 4, 1, 1}, 1)),
             second = pack_convolution(random_tensor({2, 8, 1, 1}, 2));
  const Tensor x = random_tensor({1, 2, 2, 4}, 3);
  EXPECT_THROW(convolution_chain(random_tensor({1, 2, 2, 5}, 3), {}, {first, {}}, {second, {}}), Error);
  EXPECT_THROW(convolution_chain(x, random_tensor({1, 2, 2, 7}, 3), {first, {}}, {second, {}}), Error);
  EXPECT_THROW(convolution_chain(x, {}, {first, random_tensor({7}, 3)}, {second, {}}), Error);
  Tensor watched = x.clone();
  watch(watched);
  EXPECT_THROW(convolution_chain(watched, {}, {first, {}}, {second, {}}), Error);
}

}  // namespace
}  // namespace fovea
