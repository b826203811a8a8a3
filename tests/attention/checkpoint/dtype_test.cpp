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

uint16_t narrowed(Dtype dtype, float value) {
  uint16_t stored = 0;
  narrow(dtype, &value, 1, reinterpret_cast<std::byte*>(&stored));
  return stored;
}

// Every value that the format has, and what lies between it and the next one, by the definition.
void check_narrowing(Dtype dtype, int exponent_bits, int mantissa_bits) {
  const auto infinity = static_cast<uint16_t>(((1 << exponent_bits) - 1) << mantissa_bits);
  const double beyond = 2 * decoded(static_cast<uint16_t>(infinity - 1), exponent_bits, mantissa_bits) -
                        decoded(static_cast<uint16_t>(infinity - 2), exponent_bits, mantissa_bits);
  for (uint16_t low = 0; low < infinity; ++low) {
    const auto high = static_cast<uint16_t>(low + 1);
    const double a = decoded(low, exponent_bits, mantissa_bits);
    const double b = high == infinity ? beyond : decoded(high, exponent_bits, mantissa_bits);
    const auto middle = static_cast<float>((a + b) / 2);  // exact: a float has more bits
    const uint16_t even = low % 2 == 0 ? low : high;
    for (const uint16_t sign : {0, 0x8000}) {
      const auto check = [&](float value, uint16_t expected) {
        ASSERT_EQ(narrowed(dtype, sign ? -value : value), sign | expected) << value;
      };
      check(static_cast<float>(a), low);
      check(middle, even);
      check(std::nextafter(middle, 0.0f), low);
      check(std::nextafter(middle, INFINITY), high);
    }
  }
  EXPECT_EQ(narrowed(dtype, INFINITY), infinity);
  EXPECT_EQ(narrowed(dtype, -INFINITY), infinity | 0x8000);
  for (const uint32_t nan : {0x7FC00000u, 0x7F800001u, 0xFFFFFFFFu})
    EXPECT_TRUE(
        std::isnan(decoded(narrowed(dtype, std::bit_cast<float>(nan)), exponent_bits, mantissa_bits)));
}

TEST(Dtype, NarrowsToTheNearestHalf) {
  check_narrowing(Dtype::kF16, 5, 10);
}
TEST(Dtype, NarrowsToTheNearestBfloat) {
  check_narrowing(Dtype::kBF16, 8, 7);
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
