#include "attention/checkpoint/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

namespace fovea {
namespace {

// By the definition of a binary floating-point format, in double.
double decoded(uint16_t bits, int exponent_bits, int mantissa_bits) {
  const int exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) return mantissa ? NAN : sign * INFINITY;
  const double fraction = mantissa + (exponent ? 1 << mantissa_bits : 0);
  return sign * std::ldexp(fraction, std::max(exponent, 1) - bias - mantissa_bits);
}

void check_all_patterns(Dtype dtype, int exponent_bits, int mantissa_bits) {
  std::vector<uint16_t> patterns(65536);
  for (size_t i = 0; i < patterns.size(); ++i) patterns[i] = static_cast<uint16_t>(i);
  std::vector<float> got(patterns.size());
  widen(dtype, reinterpret_cast<const std::byte*>(patterns.data()), 65536, got.data());
  for (uint16_t pattern : patterns) {
    const auto expected = static_cast<float>(decoded(pattern, exponent_bits, mantissa_bits));
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(got[pattern])) << pattern;
    } else {
      ASSERT_EQ(std::bit_cast<uint32_t>(got[pattern]), std::bit_cast<uint32_t>(expected)) << pattern;
    }
  }
}

TEST(Dtype, EveryHalf) {
  check_all_patterns(Dtype::kF16, 5, 10);
}
TEST(Dtype, EveryBfloat) {
  check_all_patterns(Dtype::kBF16, 8, 7);
}

TEST(Dtype, NamesAreTheirOwn) {
  for (const char* name :
       {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}) {
    ASSERT_TRUE(dtype_named(name)) << name;
    EXPECT_EQ(dtype_name(*dtype_named(name)), name);
  }
  EXPECT_FALSE(dtype_named("f32"));
  EXPECT_FALSE(dtype_named("F8_E5M2"));
}

}  // namespace
}  // namespace fovea
