#include "attention/ops/convolution.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "tests/support/gradient_check.h"
#include "tests/support/isa.h"

namespace fovea {
namespace {

struct Case {
  const char* name;
  Shape x, weight;
  Convolution how = {};
  bool bias = true;
};

const Case kCases[] = {
    {"3x3", {2, 9, 8, 5}, {7, 5, 3, 3}, {.padding = {1, 1}}},
    {"3x3, many channels", {2, 6, 7, 70}, {33, 70, 3, 3}, {.padding = {1, 1}}, false},
    {"3x3, several segments in a row", {1, 4, 5, 400}, {26, 400, 3, 3}, {.padding = {1, 1}}},
    {"3x3, no padding", {1, 6, 9, 48}, {25, 48, 3, 3}},
    {"3x3, more padding than window", {1, 4, 3, 6}, {5, 6, 3, 3}, {.padding = {4, 3}}},
    {"3x3, stride 2", {2, 9, 12, 50}, {20, 50, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}},
    {"3x3, stride 2, few channels", {2, 11, 8, 3}, {8, 3, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}},
    {"3x3, stride 3 and 2", {1, 10, 9, 4}, {6, 4, 3, 3}, {.stride = {3, 2}, .padding = {0, 1}}},
    {"stride beyond the window", {2, 11, 10, 4}, {6, 4, 2, 1}, {.stride = {3, 4}, .padding = {1, 0}}},
    {"dilation", {1, 12, 13, 9}, {10, 9, 3, 3}, {.padding = {2, 3}, .dilation = {2, 3}}},
    {"dilation and stride",
     {2, 13, 12, 5},
     {9, 5, 3, 3},
     {.stride = {2, 3}, .padding = {2, 2}, .dilation = {2, 2}}},
    {"dilation of rows only", {1, 9, 7, 3}, {5, 3, 3, 3}, {.padding = {3, 1}, .dilation = {3, 1}}},
    {"5x3 in groups", {2, 7, 8, 12}, {9, 4, 5, 3}, {.padding = {2, 1}, .groups = 3}},
    {"groups, stride 2", {2, 9, 8, 96}, {64, 48, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}, .groups = 2}},
    {"depthwise", {2, 9, 7, 37}, {37, 1, 3, 3}, {.padding = {1, 1}, .groups = 37}},
    {"depthwise 5x5, stride 2",
     {2, 9, 11, 16},
     {16, 1, 5, 5},
     {.stride = {2, 2}, .padding = {2, 2}, .groups = 16}},
    {"depthwise, dilation",
     {1, 9, 11, 6},
     {6, 1, 3, 3},
     {.padding = {2, 2}, .dilation = {2, 2}, .groups = 6}},
    {"depthwise, two outputs each", {1, 6, 7, 5}, {10, 1, 3, 3}, {.padding = {1, 1}, .groups = 5}},
    {"even window", {2, 8, 7, 10}, {11, 10, 2, 4}, {.padding = {1, 2}}},
    {"window of a row", {2, 5, 9, 40}, {12, 40, 1, 5}, {.padding = {0, 2}}},
    {"window of a column", {2, 9, 5, 40}, {12, 40, 5, 1}, {.padding = {2, 0}}},
    {"1x1", {3, 5, 7, 30}, {50, 30, 1, 1}},
    {"1x1, stride 2", {2, 7, 8, 30}, {26, 30, 1, 1}, {.stride = {2, 2}}},
    {"1x1, padded", {1, 3, 4, 6}, {5, 6, 1, 1}, {.padding = {1, 2}}},
    {"1x1 in groups", {2, 5, 4, 12}, {8, 3, 1, 1}, {.groups = 4}},
    {"patches", {2, 8, 12, 3}, {16, 3, 4, 4}, {.stride = {4, 4}}},
    {"7x7 stem", {1, 20, 18, 3}, {10, 3, 7, 7}, {.stride = {2, 2}, .padding = {3, 3}}},
    {"one output of each picture", {5, 3, 3, 20}, {30, 20, 3, 3}},
    {"small pictures", {9, 2, 2, 20}, {24, 20, 3, 3}, {.padding = {1, 1}}},
    {"a long row", {1, 2, 401, 3}, {4, 3, 3, 3}, {.padding = {1, 1}}},
};

struct Operands {
  explicit Operands(const Case& c)
      : x(random_tensor(c.x, 1)), weight(random_tensor(c.weight, 2)), bias(random_tensor({c.weight[0]}, 3)) {
    if (!c.bias) bias = {};
  }
  Tensor x, weight, bias;
};

// Calls visit(at x, at weight, at y) for every product that a convolution is the sum of.
template <class Visit>
void each_product(const Case& c, const Shape& y, const Visit& visit) {
  const int64_t outs = c.weight[0] / c.how.groups, ins = c.weight[1], kh = c.weight[2], kw = c.weight[3];
  for (int64_t at_y = 0; at_y < y.count(); ++at_y) {
    const int64_t n = at_y % y[3], column = at_y / y[3] % y[2], row = at_y / y[3] / y[2] % y[1];
    for (int64_t tap = 0; tap < kh * kw; ++tap) {
      const int64_t i = row * c.how.stride[0] + tap / kw * c.how.dilation[0] - c.how.padding[0];
      const int64_t j = column * c.how.stride[1] + tap % kw * c.how.dilation[1] - c.how.padding[1];
      if (i < 0 || i >= c.x[1] || j < 0 || j >= c.x[2]) continue;
      const int64_t picture = at_y / (y[1] * y[2] * y[3]);
      for (int64_t k = 0; k < ins; ++k)
        visit(((picture * c.x[1] + i) * c.x[2] + j) * c.x[3] + n / outs * ins + k,
              (n * ins + k) * kh * kw + tap, at_y);
    }
  }
}

void expect_close(const Tensor& got, const std::vector<double>& want, const char* what) {
  ASSERT_EQ(got.count(), static_cast<int64_t>(want.size())) << what;
  double most = 0, worst = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_FALSE(std::isnan(got.data()[i])) << what << " at " << i;
    most = std::max(most, std::abs(want[i]));
    worst = std::max(worst, std::abs(got.data()[i] - want[i]));
  }
  EXPECT_LE(worst, 5e-6 * most) << what;
}

// Output and gradients for the output gradient dy, in double.
struct Reference {
  std::vector<double> y, dx, dw, db;
};

Reference reference(const Case& c, const Operands& o, const Tensor& dy) {
  const auto zeros = [](int64_t n) { return std::vector<double>(static_cast<size_t>(n)); };
  Reference r{zeros(dy.count()), zeros(c.x.count()), zeros(c.weight.count()), zeros(c.weight[0])};
  for (size_t i = 0; i < r.y.size(); ++i) {
    const size_t n = i % r.db.size();
    r.y[i] = o.bias ? o.bias.data()[n] : 0;
    r.db[n] += dy.data()[i];
  }
  each_product(c, dy.shape(), [&](int64_t x, int64_t w, int64_t y) {
    r.y[static_cast<size_t>(y)] += static_cast<double>(o.x.data()[x]) * o.weight.data()[w];
    r.dx[static_cast<size_t>(x)] += static_cast<double>(dy.data()[y]) * o.weight.data()[w];
    r.dw[static_cast<size_t>(w)] += static_cast<double>(dy.data()[y]) * o.x.data()[x];
  });
  return r;
}

TEST(Convolution, AndItsGradientsEqualDoublePrecision) {
  for_each_isa([] {
    for (const Case& c : kCases) {
      SCOPED_TRACE(c.name);
      Operands o(c);
      const Tensor plain = convolution(o.x, o.weight, o.bias, c.how);
      const Tensor dy = random_tensor(plain.shape(), 99);  // as to_loss() makes it
      const Reference want = reference(c, o, dy);
      expect_close(plain, want.y, "y");
      watch(o.x), watch(o.weight);
      if (o.bias) watch(o.bias);
      const Tensor y = convolution(o.x, o.weight, o.bias, c.how);
      EXPECT_TRUE(same_bits(y, plain));
      const Gradients gradients = backward(to_loss(y));
      expect_close(gradients[o.x], want.dx, "dx");
      expect_close(gradients[o.weight], want.dw, "dw");
      if (o.bias) expect_close(gradients[o.bias], want.db, "db");
    }
  });
}

TEST(Convolution, PackedEqualsUnpacked) {
  for_each_isa([] {
    for (const Case& c : kCases) {
      const Operands o(c);
      EXPECT_TRUE(same_bits(convolution(o.x, pack_convolution(o.weight, c.how), o.bias),
                            convolution(o.x, o.weight, o.bias, c.how)))
          << c.name;
    }
  });
}

// y as it is, and the tail as ops after it.
Tensor unfused(const Operands& o, const Case& c, const Tail& tail) {
  const Tensor y = convolution(o.x, o.weight, o.bias, c.how);
  return activate(tail.activation, tail.residual ? y + tail.residual : y);
}

TEST(Convolution, FusedTailEqualsTheOpsAfterIt) {
  for_each_isa([] {
    for (const Case& c : kCases)
      for (Activation activation : {Activation::kNone, Activation::kRelu, Activation::kSilu})
        for (bool residual : {false, true}) {
          SCOPED_TRACE(testing::Message() << c.name << ", activation " << static_cast<int>(activation)
                                          << ", residual " << residual);
          Operands o(c);
          Tail tail{.activation = activation};
          if (residual) tail.residual = random_tensor(convolution(o.x, o.weight, {}, c.how).shape(), 5);
          const Tensor want = unfused(o, c, tail), got = convolution(o.x, o.weight, o.bias, c.how, tail);
          const Tail spent{activation, tail.residual.clone(), true};
          EXPECT_TRUE(same_bits(convolution(o.x, o.weight, o.bias, c.how, spent), got));
          watch(o.weight);
          const Tensor recorded = convolution(o.x, o.weight, o.bias, c.how, tail);
          for (int64_t i = 0; i < want.count(); ++i) {
            ASSERT_NEAR(got.data()[i], want.data()[i], 1e-5 * (1 + std::abs(want.data()[i])));
            ASSERT_NEAR(recorded.data()[i], want.data()[i], 1e-5 * (1 + std::abs(want.data()[i])));
          }
        }
  });
}

TEST(Convolution, WritesOverAResidualThatItMaySpend) {
  const Tensor x = random_tensor({1, 6, 7, 64}, 1);
  const auto product = pack_convolution(random_tensor({20, 64, 1, 1}, 2));
  const auto window = pack_convolution(random_tensor({20, 64, 3, 3}, 2), {.padding = {1, 1}});
  const Tensor residual = random_tensor({1, 6, 7, 20}, 3);
  const auto memory_is_spent = [&](const auto& filters, bool shared) {
    Tail tail{Activation::kRelu, residual.clone(), true};
    const float* const memory = tail.residual.data();
    const Tensor second = shared ? tail.residual : Tensor();
    return convolution(x, filters, {}, tail).data() == memory;
  };
  EXPECT_TRUE(memory_is_spent(product, false));
  EXPECT_FALSE(memory_is_spent(product, true));
  EXPECT_TRUE(memory_is_spent(window, false));
  EXPECT_NE(convolution(x, product, {}, {Activation::kRelu, residual}).data(), residual.data());
}

std::vector<Tensor> all_of(const Case& c) {
  Operands o(c);
  watch(o.x), watch(o.weight);
  if (o.bias) watch(o.bias);
  const Tensor y = convolution(o.x, o.weight, o.bias, c.how);
  const Gradients gradients = backward(to_loss(y));
  std::vector<Tensor> all = {y, gradients[o.x], gradients[o.weight]};
  if (o.bias) all.push_back(gradients[o.bias]);
  return all;
}

TEST(Convolution, HasTheSameBitsOnAnyNumberOfThreads) {
  std::vector<Case> cases(std::begin(kCases), std::end(kCases));
  cases.push_back({"larger", {40, 16, 17, 24}, {50, 24, 3, 3}, {.padding = {1, 1}}});
  cases.push_back({"larger, depthwise", {40, 16, 17, 24}, {24, 1, 3, 3}, {.padding = {1, 1}, .groups = 24}});
  for (const Case& c : cases) {
    std::vector<Tensor> first;
    for (int count : {1, 2, 4}) {
      std::vector<Tensor> all;
      Threads(count).run([&] { all = all_of(c); });
      if (first.empty()) first = all;
      for (size_t i = 0; i < all.size(); ++i)
        EXPECT_TRUE(same_bits(all[i], first[i])) << c.name << ", result " << i << ", threads " << count;
    }
  }
}

Tensor picture(const Tensor& batch, int64_t index) {
  const Shape one = batch.shape().with(0, 1);
  return Tensor(one, batch.values().subspan(static_cast<size_t>(index * one.count()),
                                            static_cast<size_t>(one.count())));
}

TEST(Convolution, OfABatchHasTheBitsOfItsPicturesAlone) {
  for_each_isa([] {
    for (const Case& c : kCases) {
      const Operands o(c);
      const auto outputs_of = [&](Tensor x) {
        watch(x);
        const Tensor y = convolution(x, o.weight, o.bias, c.how);
        return std::pair{y, backward(sum_all(mul(y, y)))[x]};
      };
      const auto [y, dx] = outputs_of(o.x);
      for (int64_t i = 0; i < o.x.dim(0); ++i) {
        const auto [alone, gradient] = outputs_of(picture(o.x, i));
        EXPECT_TRUE(same_bits(alone, picture(y, i))) << c.name << ", picture " << i;
        EXPECT_TRUE(same_bits(gradient, picture(dx, i))) << c.name << ", dx of picture " << i;
      }
    }
  });
}

TEST(Convolution, GradientsEqualCentralDifferences) {
  for (const Case& c : kCases) {
    if (c.x.count() > 3000) continue;
    const Operands o(c);
    std::vector<Tensor> inputs = {scale(o.x, 0.3f), scale(o.weight, 0.3f)};
    inputs.push_back(random_tensor(convolution(o.x, o.weight, {}, c.how).shape(), 4));
    if (o.bias) inputs.push_back(o.bias);
    const auto f = [&](const std::vector<Tensor>& t) {
      return convolution(t[0], t[1], t.size() > 3 ? t[3] : Tensor(), c.how,
                         {.activation = Activation::kSilu, .residual = t[2]});
    };
    EXPECT_LT(gradient_error(inputs, f), 4e-3) << c.name;
  }
}

TEST(Convolution, OfNoPicturesIsEmpty) {
  Tensor x(Shape{0, 4, 4, 3}), weight = random_tensor({5, 3, 3, 3}, 1);
  EXPECT_EQ(convolution(x, weight, {}).shape(), (Shape{0, 2, 2, 5}));
  watch(x), watch(weight);
  const Gradients gradients = backward(sum_all(convolution(x, weight, {})));
  EXPECT_EQ(gradients[x].shape(), x.shape());
  EXPECT_TRUE(same_bits(gradients[weight], Tensor::full(weight.shape(), 0)));
}

TEST(Convolution, RefusesWhatDoesNotFit) {
  const Tensor x = random_tensor({1, 4, 4, 6}, 1), weight = random_tensor({4, 6, 3, 3}, 2);
  EXPECT_THROW(convolution(random_tensor({1, 4, 4, 5}, 1), weight, {}), Error);
  EXPECT_THROW(convolution(random_tensor({4, 4, 6}, 1), weight, {}), Error);
  EXPECT_THROW(convolution(x, random_tensor({4, 6}, 1), {}), Error);
  EXPECT_THROW(convolution(x, weight, random_tensor({5}, 1)), Error);
  EXPECT_THROW(convolution(x, weight, {}, {.stride = {0, 1}}), Error);
  EXPECT_THROW(convolution(x, weight, {}, {.padding = {-1, 0}}), Error);
  EXPECT_THROW(convolution(x, weight, {}, {.dilation = {2, 2}}), Error);  // smaller than the window
  EXPECT_THROW(convolution(x, weight, {}, {.groups = 2}), Error);
  EXPECT_THROW(convolution(x, random_tensor({5, 3, 1, 1}, 1), {}, {.groups = 2}), Error);
  EXPECT_THROW(convolution(x, weight, {}, {}, {.residual = random_tensor({1, 4, 4, 4}, 1)}), Error);
  Tensor watched = x.clone();
  watch(watched);
  EXPECT_THROW(convolution(watched, pack_convolution(weight), {}), Error);
}

TEST(Convolution, RefusesWeightsPackedForAnotherInstructionSet) {
  const std::vector<std::string> isas = runnable_isas();
  if (isas.size() < 2) GTEST_SKIP() << "only one instruction set runs here";
  force_isa(isas.back());
  const kernels::PackedConvolution packed = pack_convolution(random_tensor({4, 6, 3, 3}, 2));
  force_isa("");
  EXPECT_THROW(convolution(random_tensor({1, 4, 4, 6}, 1), packed, {}), Error);
}

}  // namespace
}  // namespace fovea
