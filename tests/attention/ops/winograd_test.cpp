#include "attention/ops/winograd.h"

#include <cmath>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "tests/support/isa.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

struct Case {
  int64_t batch, height, width, in, out, padding;
};
constexpr Case kCases[] = {{2, 5, 7, 16, 24, 1},  {1, 9, 9, 24, 16, 0},  {3, 13, 4, 40, 64, 1},
                           {2, 9, 9, 64, 40, 1},  {1, 13, 6, 16, 16, 0}, {2, 6, 7, 40, 24, 0},
                           {1, 4, 4, 400, 16, 1}, {5, 8, 8, 16, 64, 1}};

Convolution padded_by(int64_t padding) {
  return {.padding = {padding, padding}};
}

struct Problem {
  explicit Problem(const Case& c)
      : x(random_tensor({c.batch, c.height, c.width, c.in}, 1)),
        weight(random_tensor({c.out, c.in, 3, 3}, 2, 0.1)),
        bias(random_tensor({c.out}, 3)),
        dy(random_tensor({c.batch, c.height + 2 * c.padding - 2, c.width + 2 * c.padding - 2, c.out}, 4)),
        how(padded_by(c.padding)) {}
  Tensor x, weight, bias, dy;
  Convolution how;
};

int64_t at(const Tensor& t, int64_t b, int64_t i, int64_t j) {  // offset of a pixel; -1: beyond the border
  if (i < 0 || i >= t.dim(1) || j < 0 || j >= t.dim(2)) return -1;
  return ((b * t.dim(1) + i) * t.dim(2) + j) * t.dim(3);
}

// Calls visit(output pixel, input pixel, tap) for every pair that a tap joins.
template <class Visit>
void for_each_tap(const Problem& p, const Visit& visit) {
  for (int64_t b = 0; b < p.dy.dim(0); ++b)
    for (int64_t i = 0; i < p.dy.dim(1); ++i)
      for (int64_t j = 0; j < p.dy.dim(2); ++j)
        for (int64_t tap = 0; tap < 9; ++tap) {
          const int64_t from = at(p.x, b, i + tap / 3 - p.how.padding[0], j + tap % 3 - p.how.padding[1]);
          if (from >= 0) visit(at(p.dy, b, i, j), from, tap);
        }
}

using Doubles = std::vector<double>;

struct Reference {  // in double, straight from the definition
  explicit Reference(const Problem& p)
      : y(static_cast<size_t>(p.dy.count())),
        dx(static_cast<size_t>(p.x.count())),
        dw(static_cast<size_t>(p.weight.count())) {
    const int64_t in = p.x.dim(3), out = p.dy.dim(3);
    for_each_tap(p, [&](int64_t to, int64_t from, int64_t tap) {
      for (int64_t n = 0; n < out; ++n)
        for (int64_t c = 0; c < in; ++c) {
          const double w = p.weight.data()[(n * in + c) * 9 + tap];
          const double x = p.x.data()[from + c], d = p.dy.data()[to + n];
          y[static_cast<size_t>(to + n)] += w * x;
          dx[static_cast<size_t>(from + c)] += w * d;
          dw[static_cast<size_t>((n * in + c) * 9 + tap)] += x * d;
        }
    });
  }
  Doubles y, dx, dw;
};

void expect_close(const Tensor& got, const Doubles& want, const char* what) {
  ASSERT_EQ(got.count(), static_cast<int64_t>(want.size())) << what;
  double most = 0, error = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    most = std::max(most, std::abs(want[i]));
    const double difference = std::abs(got.values()[i] - want[i]);
    error = difference <= error ? error : difference;  // a NaN stays
  }
  EXPECT_LE(error, 5e-6 * most) << what;
}

Tensor picture(const Tensor& batch, int64_t b) {
  const int64_t size = batch.count() / batch.dim(0);
  return Tensor(batch.shape().with(0, 1),
                batch.values().subspan(static_cast<size_t>(b * size), static_cast<size_t>(size)));
}

TEST(Winograd, EqualsTheDefinitionInDoublePrecision) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(testing::Message() << c.height << "x" << c.width << " " << c.in << " -> " << c.out
                                    << " padding " << c.padding);
    const Problem p(c);
    const Reference want(p);
    for_each_isa([&] {
      ASSERT_TRUE(winograd_suits(p.x.shape(), p.weight.shape(), p.how));
      const Tensor y = winograd(p.x, p.weight, {}, p.how, {});
      EXPECT_EQ(y.shape(), p.dy.shape());
      expect_close(y, want.y, "y");
      expect_close(winograd_input_gradient(p.dy, p.weight, p.x.shape(), p.how), want.dx, "dx");
      expect_close(winograd_weight_gradient(p.x, p.dy, p.weight.shape(), p.how), want.dw, "dw");
    });
  }
}

TEST(Winograd, EqualsTheDefinitionOnTilesOfTwo) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(testing::Message() << c.height << "x" << c.width << " " << c.in << " -> " << c.out
                                    << " padding " << c.padding);
    const Problem p(c);
    const Reference want(p);
    for_each_isa([&] {
      const PackedWinograd packed(p.weight, kernels::WinogradTile::kTwo);
      const Tensor y = winograd(p.x, packed, {}, p.how, {});
      EXPECT_EQ(y.shape(), p.dy.shape());
      expect_close(y, want.y, "y");
      EXPECT_TRUE(same_bits(picture(y, 0), winograd(picture(p.x, 0), packed, {}, p.how, {})));
    });
  }
}

class WinogradTail : public testing::TestWithParam<kernels::WinogradTile> {};
INSTANTIATE_TEST_SUITE_P(Tiles, WinogradTail,
                         testing::Values(kernels::WinogradTile::kTwo, kernels::WinogradTile::kFour));

TEST_P(WinogradTail, AppliesBiasResidualAndActivation) {
  for (const Case& c : {kCases[0], kCases[2]}) {
    const Problem p(c);
    const PackedWinograd weight(p.weight, GetParam());
    const Tensor plain = winograd(p.x, weight, {}, p.how, {});
    const Tensor residual = random_tensor(plain.shape(), 5);
    for (Activation activation : {Activation::kNone, Activation::kRelu, Activation::kSilu}) {
      const Tensor y = winograd(p.x, weight, p.bias, p.how, {activation, residual});
      const Tail spent{activation, residual.clone(), true};
      const float* const memory = spent.residual.data();
      const Tensor over = winograd(p.x, weight, p.bias, p.how, spent);
      EXPECT_EQ(over.data(), memory);
      EXPECT_TRUE(same_bits(over, y));
      for (int64_t i = 0; i < y.count(); ++i) {
        const double sum = plain.data()[i] + p.bias.data()[i % c.out] + residual.data()[i];
        const double want = activation == Activation::kNone   ? sum
                            : activation == Activation::kRelu ? std::max(sum, 0.)
                                                              : sum / (1 + std::exp(-sum));
        ASSERT_NEAR(y.data()[i], want, 2e-5) << static_cast<int>(activation) << " at " << i;
      }
    }
  }
}

TEST(Winograd, HasTheSameBitsPackedOnceOrEachTime) {
  for_each_isa([] {
    const Problem p(kCases[3]);
    const PackedWinograd packed(p.weight);
    const Tail tail{Activation::kRelu, {}};
    EXPECT_TRUE(
        same_bits(winograd(p.x, packed, p.bias, p.how, tail), winograd(p.x, p.weight, p.bias, p.how, tail)));
  });
}

TEST(Winograd, HasTheSameBitsOnAnyNumberOfThreads) {
  for (const Case& c : {Case{3, 13, 11, 40, 64, 1}, Case{40, 12, 12, 64, 64, 1}}) {
    const Problem p(c);
    Tensor y, dx, dw;
    for (int count : {1, 2, 4}) {
      Threads threads(count);
      threads.run([&] {
        const Tensor y_now = winograd(p.x, p.weight, p.bias, p.how, {});
        const Tensor dx_now = winograd_input_gradient(p.dy, p.weight, p.x.shape(), p.how);
        const Tensor dw_now = winograd_weight_gradient(p.x, p.dy, p.weight.shape(), p.how);
        if (count == 1) y = y_now, dx = dx_now, dw = dw_now;
        EXPECT_TRUE(same_bits(y, y_now) && same_bits(dx, dx_now) && same_bits(dw, dw_now)) << count;
      });
    }
  }
}

TEST(Winograd, TreatsEachPictureOfABatchAlike) {
  const Problem p({2, 13, 9, 40, 24, 1});
  const Tensor y = winograd(p.x, p.weight, p.bias, p.how, {});
  const Tensor dx = winograd_input_gradient(p.dy, p.weight, p.x.shape(), p.how);
  for (int64_t b : {0, 1}) {
    EXPECT_TRUE(same_bits(picture(y, b), winograd(picture(p.x, b), p.weight, p.bias, p.how, {})));
    EXPECT_TRUE(same_bits(
        picture(dx, b), winograd_input_gradient(picture(p.dy, b), p.weight, p.x.shape().with(0, 1), p.how)));
  }
}

TEST(Winograd, SuitsDenseThreeByThreeOnly) {
  const Shape x{1, 8, 8, 32}, weight{64, 32, 3, 3};
  EXPECT_TRUE(winograd_suits(x, weight, padded_by(1)));
  EXPECT_TRUE(winograd_suits(x, weight, padded_by(0)));
  EXPECT_FALSE(winograd_suits(x, weight, padded_by(2)));
  EXPECT_FALSE(winograd_suits(x, weight, {.stride = {1, 2}}));
  EXPECT_FALSE(winograd_suits(x, weight, {.dilation = {2, 1}}));
  EXPECT_FALSE(winograd_suits(x, {64, 16, 3, 3}, {.groups = 2}));
  EXPECT_FALSE(winograd_suits(x, {64, 32, 5, 3}, padded_by(1)));
  EXPECT_FALSE(winograd_suits(x, {12, 32, 3, 3}, padded_by(1)));
  EXPECT_FALSE(winograd_suits({1, 8, 3, 32}, weight, padded_by(1)));
  EXPECT_THROW(winograd(Tensor::full(x, 0), Tensor::full({12, 32, 3, 3}, 0), {}, padded_by(1), {}), Error);
}

TEST(Winograd, RefusesWhatDoesNotFit) {
  const Problem p(kCases[0]);
  EXPECT_THROW(winograd(p.x, p.weight, Tensor::full({3}, 0), p.how, {}), Error);
  EXPECT_THROW(winograd(p.x, p.weight, {}, p.how, {Activation::kNone, p.x}), Error);
  EXPECT_THROW(winograd_input_gradient(p.x, p.weight, p.x.shape(), p.how), Error);
  EXPECT_THROW(winograd_weight_gradient(p.x, p.x, p.weight.shape(), p.how), Error);
  EXPECT_THROW(winograd_weight_gradient(p.x, p.dy, p.weight.shape(), padded_by(0)), Error);
}

}  // namespace
}  // namespace fovea
