#include "attention/tensor/tensor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <sstream>

#include "attention/base/error.h"

namespace fovea {
namespace {

TEST(Shape, CountsAndNames) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.count(), 24);
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape.with_last(5), (Shape{2, 3, 5}));
  EXPECT_EQ(Shape{}.count(), 1);
  std::ostringstream text;
  text << shape;
  EXPECT_EQ(text.str(), "[2, 3, 4]");
}

TEST(Shape, RefusesWhatCannotBe) {
  EXPECT_THROW((Shape{2, -1}), Error);
  EXPECT_THROW((Shape{int64_t{1} << 40, int64_t{1} << 40}), Error);
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1}), Error);
  EXPECT_THROW((void)(Shape{2, 3})[2], Error);
}

TEST(Tensor, SharesItsValuesUntilCloned) {
  Tensor a = Tensor::full({2}, 1), b = a;
  const Tensor c = a.clone();
  b.mutable_data()[0] = 5;
  EXPECT_EQ(a.data()[0], 5);
  EXPECT_EQ(c.data()[0], 1);
  EXPECT_EQ(a.view({1, 2}).data(), a.data());
  EXPECT_THROW(a.view({3}), Error);
}

TEST(Tensor, ThatIsNoneHoldsNothing) {
  const Tensor none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.count(), 0);
  EXPECT_TRUE(none.values().empty());
  EXPECT_FALSE(none.clone());
}

TEST(Tensor, LiesOnACacheLine) {
  for (int64_t n : {1, 3, 1000, 100000})
    EXPECT_EQ(reinterpret_cast<uintptr_t>(Tensor(Shape{n}).data()) % 64, 0u);
}

}  // namespace
}  // namespace fovea
