#include "apps/encode.h"

#include <gtest/gtest.h>

#include <limits>

namespace fovea {
namespace {

TEST(Encode, JsonString) {
  EXPECT_EQ(json_string("a \"b\"\n\\"), R"("a \"b\"\n\\")");
  EXPECT_EQ(json_string("Kätzchen 猫"), "\"Kätzchen 猫\"");
  EXPECT_EQ(json_string("bad\xff.jpg"), "\"bad\xEF\xBF\xBD.jpg\"");
}

TEST(Encode, NumbersAreShortAndReadBackTheSame) {
  EXPECT_EQ(json_number(0.1f), "0.1");
  EXPECT_EQ(json_number(0.1), "0.1");
  EXPECT_EQ(json_number(1.0f), "1");
  EXPECT_EQ(json_number(-0.93743f), "-0.93743");
  for (float value : {1.0f / 3, 1e-38f, 3.4e38f, 1e-45f, 123456789.0f})
    EXPECT_EQ(std::strtof(json_number(value).c_str(), nullptr), value) << json_number(value);
}

TEST(Encode, WhatIsNotFiniteIsNull) {
  EXPECT_EQ(json_number(std::numeric_limits<float>::quiet_NaN()), "null");
  EXPECT_EQ(json_number(-std::numeric_limits<double>::infinity()), "null");
}

TEST(Encode, CsvField) {
  EXPECT_EQ(csv_field("plain name.jpg"), "plain name.jpg");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("5\" disk"), "\"5\"\" disk\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_field("bad\xff"), "bad\xff");
}

TEST(Encode, Grouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1 000");
  EXPECT_EQ(grouped(5717416), "5 717 416");
  EXPECT_EQ(grouped(-123456), "-123 456");
}

}  // namespace
}  // namespace fovea
