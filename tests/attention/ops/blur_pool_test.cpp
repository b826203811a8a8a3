#include "attention/ops/blur_pool.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;

TEST(BlurPool, WeighsByBinomials) {
  Tensor x = Tensor::full({1, 5, 5, 2}, 0);
  x.mutable_data()[(2 * 5 + 2) * 2 + 1] = 256;  // a dot in channel 1
  const Tensor three = blur_pool(x, 3, 1), five = blur_pool(x, 5, 1);
  ASSERT_EQ(three.shape(), x.shape());
  const float row3[] = {0, 1, 2, 1, 0}, row5[] = {2, 4, 6, 4, 2};  // reflected, the ends see the dot twice
  for (int64_t i = 0; i < 50; ++i) {
    const int64_t r = i / 10, c = i / 2 % 5;
    EXPECT_EQ(three.data()[i], i % 2 ? row3[r] * row3[c] * 16 : 0);
    EXPECT_EQ(five.data()[i], i % 2 ? row5[r] * row5[c] : 0);
  }
}

TEST(BlurPool, KeepsAConstantAndHalvesTheMap) {
  const Tensor x = Tensor::full({2, 9, 8, 3}, 1.5f);
  for (const int64_t size : {2, 3, 4, 5}) {
    const Tensor y = blur_pool(x, size);
    for (const float value : y.values()) EXPECT_FLOAT_EQ(value, 1.5f) << size;
    EXPECT_EQ(y.dim(1), (9 + size / 2 * 2 - size) / 2 + 1) << size;
  }
  EXPECT_EQ(blur_pool(x).shape(), (Shape{2, 5, 4, 3}));
  EXPECT_LT(blur_pool(x, 3, 2, Border::kConstant).data()[0], 1);  // zeros come in
}

TEST(BlurPool, HasGradients) {
  const Tensor x = random_tensor({2, 5, 6, 3}, 1);
  EXPECT_LT(gradient_error({x}, [](const Inputs& t) { return blur_pool(t[0]); }), 1e-3);
  EXPECT_THROW(blur_pool(x, 0), Error);
  EXPECT_THROW(blur_pool(x, 3, 0), Error);
  EXPECT_THROW(blur_pool(random_tensor({5, 6, 3}, 1)), Error);
}

}  // namespace
}  // namespace fovea
