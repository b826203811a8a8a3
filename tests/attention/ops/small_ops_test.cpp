// prelu, bilinear and embedding against their formulas in double and against central differences.
#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/ops/bilinear.h"
#include "attention/ops/embedding.h"
#include "attention/ops/prelu.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

TEST(Prelu, HasASlopePerChannelOrOneForAll) {
  const Tensor x = random_tensor({2, 3, 4}, 1), slopes = random_tensor({4}, 2), one = random_tensor({1}, 3);
  const Tensor y = prelu(x, slopes), z = prelu(x, one);
  for (int64_t i = 0; i < 24; ++i) {
    const float v = x.data()[i];
    EXPECT_EQ(y.data()[i], v > 0 ? v : v * slopes.data()[i % 4]);
    EXPECT_EQ(z.data()[i], v > 0 ? v : v * one.data()[0]);
  }
  for (const Tensor& s : {slopes, one})
    EXPECT_LT(gradient_error({x, s}, [](const Inputs& t) { return prelu(t[0], t[1]); }), 1e-3);
  EXPECT_THROW(prelu(x, random_tensor({3}, 1)), Error);
}

TEST(Bilinear, SumsAllProducts) {
  const Tensor a = random_tensor({5, 3}, 1), b = random_tensor({5, 4}, 2);
  const Tensor w = random_tensor({2, 3, 4}, 3), bias = random_tensor({2}, 4);
  const Tensor y = bilinear(a, b, w, bias);
  ASSERT_EQ(y.shape(), (Shape{5, 2}));
  for (int64_t r = 0; r < 5; ++r)
    for (int64_t o = 0; o < 2; ++o) {
      double sum = bias.data()[o];
      for (int64_t i = 0; i < 3; ++i)
        for (int64_t j = 0; j < 4; ++j)
          sum +=
              static_cast<double>(a.data()[r * 3 + i]) * w.data()[(o * 3 + i) * 4 + j] * b.data()[r * 4 + j];
      EXPECT_NEAR(y.data()[r * 2 + o], sum, 1e-5);
    }
  EXPECT_LT(gradient_error({a, b, w, bias}, [](const Inputs& t) { return bilinear(t[0], t[1], t[2], t[3]); }),
            1e-3);
  EXPECT_THROW(bilinear(b, a, w, bias), Error);
  EXPECT_THROW(outer_product(a, random_tensor({4, 4}, 1)), Error);
}

TEST(Embedding, TakesRowsAndAddsUpTheirGradients) {
  Tensor table = random_tensor({4, 3}, 1);
  const std::vector<int64_t> indices{2, 0, 2, 3};
  const Tensor y = embedding(table, indices);
  ASSERT_EQ(y.shape(), (Shape{4, 3}));
  for (int64_t i = 0; i < 12; ++i)
    EXPECT_EQ(y.data()[i], table.data()[indices[static_cast<size_t>(i / 3)] * 3 + i % 3]);
  watch(table);
  const Gradients gradients = backward(sum_all(embedding(table, indices, 3)));
  const float expected[] = {1, 0, 2, 0};  // the padding row has none
  for (int64_t i = 0; i < 12; ++i) EXPECT_EQ(gradients[table].data()[i], expected[i / 3]);
  EXPECT_LT(gradient_error({table}, [&](const Inputs& t) { return embedding(t[0], indices); }), 1e-3);
  EXPECT_THROW(embedding(table, std::vector<int64_t>{4}), Error);
}

}  // namespace
}  // namespace fovea
