#include "attention/kernels/gemm.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "tests/support/isa.h"
#include "tests/support/nans.h"
#include "tests/support/random_tensor.h"

namespace fovea::kernels {
namespace {

double apply(Activation activation, double x) {
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kGelu:
      return 0.5 * x * std::erfc(-x * std::sqrt(0.5));
    case Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kQuickGelu:
      return x * sigmoid(1.702 * x);
    case Activation::kSilu:
      return x * sigmoid(x);
    case Activation::kSigmoid:
      return sigmoid(x);
    case Activation::kTanh:
      return std::tanh(x);
  }
  return x;
}
constexpr Activation kAll[] = {Activation::kNone,     Activation::kRelu,      Activation::kGelu,
                               Activation::kGeluTanh, Activation::kQuickGelu, Activation::kSilu,
                               Activation::kSigmoid,  Activation::kTanh};

struct Case {
  int64_t rows, columns, depth;
  Activation activation = Activation::kNone;
  bool bias = true, residual = false;
  int64_t gap = 0;  // floats between rows
};

// The product by the kernel against double precision, inside a frame of marks that must stay.
void check(const Case& c) {
  SCOPED_TRACE(testing::Message() << c.rows << " x " << c.columns << " x " << c.depth << " gap " << c.gap);
  const int64_t xs = c.depth + c.gap, ys = c.columns + c.gap;
  const Tensor x = random_tensor({c.rows, xs}, 1), w = random_tensor({c.columns, c.depth}, 2);
  const Tensor bias = random_tensor({c.columns}, 3), residual = random_tensor({c.rows, ys}, 4);
  constexpr float kMark = -77.25f;
  Tensor y = Tensor::full({c.rows + 1, ys}, kMark);
  const PackedMatrix packed(MatrixView{w.data(), c.columns, c.depth, c.depth, 1});
  const Epilogue epilogue{c.bias ? bias.data() : nullptr, c.activation,
                          c.residual ? residual.data() : nullptr, ys};
  gemm({x.data(), xs, &packed, y.mutable_data(), ys, epilogue}, 0, c.rows, 0, packed.panels().count());
  for (int64_t i = 0; i <= c.rows; ++i)
    for (int64_t j = 0; j < ys; ++j) {
      if (i == c.rows || j >= c.columns) {
        ASSERT_EQ(y.data()[i * ys + j], kMark) << "written outside, at " << i << ", " << j;
        continue;
      }
      double sum = c.bias ? bias.data()[j] : 0;
      for (int64_t k = 0; k < c.depth; ++k)
        sum += static_cast<double>(x.data()[i * xs + k]) * w.data()[j * c.depth + k];
      const double want = apply(c.activation, sum) + (c.residual ? residual.data()[i * ys + j] : 0);
      ASSERT_NEAR(y.data()[i * ys + j], want, 2e-6 * std::sqrt(static_cast<double>(c.depth)) * 8 + 2e-6);
    }
}

TEST(Gemm, EqualsDoublePrecisionForAllTiles) {
  for_each_isa([] {
    const int64_t lanes = vector_lanes();
    for (int64_t rows : {1, 2, 3, 4, 5, 9})
      for (int64_t columns = 1; columns <= 6 * lanes + 1;
           columns += columns < lanes + 2 ? 1 : lanes - 1 + (lanes == 1))
        for (int64_t depth : {1, 3, 4, 7, 33})
          check({rows, columns, depth, Activation::kNone, true, false, columns % 3});
  });
}

TEST(Gemm, SumsOverSeveralBlocksOfDepth) {
  for_each_isa([] {
    for (int64_t depth : {383, 384, 385, 768, 1000}) check({7, 31, depth, Activation::kGelu, true, true, 5});
  });
}

TEST(Gemm, FusesEveryActivationWithBiasAndResidual) {
  for_each_isa([] {
    for (Activation activation : kAll)
      for (bool bias : {false, true})
        for (bool residual : {false, true}) check({6, 29, 40, activation, bias, residual, 3});
  });
}

TEST(Gemm, ARowHasTheSameBitsAloneAndAmongOthers) {
  for_each_isa([] {
    const Tensor x = random_tensor({23, 500}, 5), w = random_tensor({61, 500}, 6);
    const PackedMatrix packed(MatrixView{w.data(), 61, 500, 500, 1});
    Tensor all(Shape{23, 61}), alone(Shape{23, 61});
    gemm({x.data(), 500, &packed, all.mutable_data(), 61}, 0, 23, 0, packed.panels().count());
    for (int64_t i = 22; i >= 0; --i)
      for (int64_t panel = packed.panels().count() - 1; panel >= 0; --panel)
        gemm({x.data(), 500, &packed, alone.mutable_data(), 61}, i, i + 1, panel, panel + 1);
    EXPECT_TRUE(same_bits(all, alone));
  });
}

TEST(Gemm, ATurnedLeftOperandGivesTheSameBits) {
  for_each_isa([] {
    for (const auto& [rows, columns, depth] :
         {std::array{1, 1, 1}, std::array{5, 31, 7}, std::array{13, 70, 390}, std::array{4, 24, 800}}) {
      const int64_t gap = 3;
      const Tensor x = random_tensor({rows, depth}, 5), w = random_tensor({columns, depth}, 6);
      const Tensor bias = random_tensor({columns}, 7);
      Tensor turned = Tensor::full({depth, rows + gap}, -77);
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t k = 0; k < depth; ++k)
          turned.mutable_data()[k * (rows + gap) + i] = x.data()[i * depth + k];
      const PackedMatrix packed(MatrixView{w.data(), columns, depth, depth, 1});
      Tensor want(Shape{rows, columns}), got(Shape{rows, columns});
      const Epilogue epilogue{.bias = bias.data(), .activation = Activation::kGelu};
      gemm({x.data(), depth, &packed, want.mutable_data(), columns, epilogue}, 0, rows, 0,
           packed.panels().count());
      gemm({turned.data(), rows + gap, &packed, got.mutable_data(), columns, epilogue, true}, 0, rows, 0,
           packed.panels().count());
      EXPECT_TRUE(same_bits(want, got)) << rows << " x " << columns << " x " << depth;
    }
  });
}

TEST(Gemm, MultipliesByATransposedView) {
  for_each_isa([] {
    const Tensor x = random_tensor({5, 12}, 7), w = random_tensor({12, 20}, 8);  // w is [depth, columns] here
    const PackedMatrix packed(MatrixView{w.data(), 20, 12, 1, 20});
    Tensor y(Shape{5, 20});
    gemm({x.data(), 12, &packed, y.mutable_data(), 20}, 0, 5, 0, packed.panels().count());
    for (int64_t i = 0; i < 5; ++i)
      for (int64_t j = 0; j < 20; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < 12; ++k)
          sum += static_cast<double>(x.data()[i * 12 + k]) * w.data()[k * 20 + j];
        ASSERT_NEAR(y.data()[i * 20 + j], sum, 1e-5);
      }
  });
}

TEST(Activate, IsCloseToTheFunctionEverywhere) {
  for_each_isa([] {
    for (Activation activation : kAll) {
      SCOPED_TRACE(static_cast<int>(activation));
      std::vector<float> x, y;
      for (float v = -30; v < 30; v += 0.0037f) x.push_back(v);
      for (float v :
           {0.f, -0.f, 1e-30f, -1e-30f, 1e-8f, 0.29999f, 0.30001f, 88.f, -88.f, 500.f, -500.f, 1e30f})
        x.push_back(v);
      y.resize(x.size());
      activate(activation, x.data(), y.data(), static_cast<int64_t>(x.size()));
      for (size_t i = 0; i < x.size(); ++i) {
        const double want = apply(activation, x[i]);
        ASSERT_NEAR(y[i], want, 1e-6 + 1e-6 * std::abs(want)) << "at " << x[i];
      }
    }
  });
}

TEST(Activate, LetsNaNThrough) {
  for_each_isa([] {
    for (const uint32_t bits : kNaNs)
      for (Activation activation : kAll) {
        const std::vector<float> x(40, std::bit_cast<float>(bits));
        std::vector<float> y(40, 0);
        activate(activation, x.data(), y.data(), 40);
        for (float v : y) ASSERT_TRUE(std::isnan(v)) << static_cast<int>(activation) << ", " << bits;
      }
  });
}

TEST(Gemm, OfNoDepthIsBiasActivationAndResidual) {
  for_each_isa([] { check({5, 9, 0, Activation::kGelu, true, true}); });
}

TEST(Gemm, OfNoRowsWritesNothing) {
  for_each_isa([] { check({0, 9, 4}); });
}

TEST(Activate, WritesExactlyNValues) {
  for_each_isa([] {
    for (int64_t n = 0; n <= 2 * vector_lanes() + 1; ++n) {
      std::vector<float> x(static_cast<size_t>(n), 2.f), y(static_cast<size_t>(n) + 1, -5.f);
      activate(Activation::kRelu, x.data(), y.data(), n);
      for (int64_t i = 0; i < n; ++i) EXPECT_EQ(y[static_cast<size_t>(i)], 2.f);
      EXPECT_EQ(y[static_cast<size_t>(n)], -5.f);
    }
  });
}

}  // namespace
}  // namespace fovea::kernels
