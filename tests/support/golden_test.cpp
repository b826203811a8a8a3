#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "attention/base/error.h"
#include "attention/checkpoint/safetensors.h"
#include "tests/support/temp_folder.h"

namespace fovea {
namespace {

const double kNan = std::nan("");
const double kInf = std::numeric_limits<double>::infinity();

std::string difference(std::vector<double> got, std::vector<double> expected, Tolerance tolerance) {
  const std::vector<int64_t> shape{static_cast<int64_t>(expected.size())};
  return golden_difference("out", {{static_cast<int64_t>(got.size())}, "F32", got}, {shape, "F32", expected},
                           tolerance);
}

TEST(GoldenDifference, HoldsTheTolerance) {
  EXPECT_EQ(difference({1.1, -20}, {1, -20}, {0.11, 0}), "");
  EXPECT_NE(difference({1.2, -20}, {1, -20}, {0.11, 0}), "");
  EXPECT_EQ(difference({101}, {100}, {0, 0.01}), "");
  EXPECT_NE(difference({1.1}, {1}, {0, 0.01}), "");
  EXPECT_EQ(difference({0.0}, {-0.0}, {}), "");
  EXPECT_NE(difference({std::nextafter(1.0, 2.0)}, {1}, {}), "");
}

TEST(GoldenDifference, NeverPassesNanOrAnotherShape) {
  EXPECT_NE(difference({kNan}, {1}, {kInf, 0}), "");
  EXPECT_NE(difference({kNan}, {kNan}, {1, 1}), "");
  EXPECT_NE(difference({1}, {kNan}, {1, 1}), "");
  EXPECT_EQ(difference({kInf}, {kInf}, {}), "");
  EXPECT_NE(difference({-kInf}, {kInf}, {}), "");
  EXPECT_EQ(difference({1, 2}, {1}, {}), "out has shape [2], expected [1]");
}

TEST(GoldenDifference, NamesTheWorstElement) {
  const GoldenTensor expected{{2, 3}, "F32", {0, 0, 0, 0, 0, 0}}, got{{2, 3}, "F32", {0, 1, 0, 0, 5, 0}};
  EXPECT_EQ(golden_difference("out", got, expected, {0.5, 0}),
            "out[1, 1] is 5, expected 0 (2 of 6 differ by more than 0.5)");
  const GoldenTensor nan{{2, 3}, "F32", {0, 1, kNan, 0, 5, 0}};
  EXPECT_TRUE(golden_difference("out", nan, expected, {0.5, 0}).starts_with("out[0, 2] is nan"));
}

TEST(GoldenTolerance, GivesAnOutputItsOwn) {
  const GoldenCase golden{{}, nlohmann::json::parse(R"({"tolerance": {"atol": 1e-5, "rtol": 1e-4},
                                                       "tolerance_per_output": {"b": 0.5}})")};
  EXPECT_EQ(golden_tolerance(golden, "a").atol, 1e-5);
  EXPECT_EQ(golden_tolerance(golden, "b").atol, 0.5);
  EXPECT_EQ(golden_tolerance(golden, "b").rtol, 1e-4);
}

// A case that expects a = [1, 2], b = [3], and that c is b.
class ExpectGolden : public testing::Test {
 protected:
  ExpectGolden() {
    save_safetensors(folder_.path() / "expected.safetensors",
                     {{"a", Tensor({2}, std::vector<float>{1, 2})},
                      {"b", Tensor({1}, std::vector<float>{3})},
                      {"b@every2", Tensor({2}, std::vector<float>{3, 5})},
                      {"cotangent", Tensor::full({1}, 9)}});
    golden_ = {folder_.path(), nlohmann::json::parse(R"({"tolerance": {"atol": 0.1, "rtol": 0},
                                                         "aliases_of_stored_outputs": {"c": "a"}})")};
  }
  std::string complaint(const GoldenTensors& got, const GoldenRules& rules = {}) {
    try {
      expect_golden(golden_, got, rules);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  TempFolder folder_;
  GoldenCase golden_;
  const GoldenTensor a_{{2}, "F32", {1.05, 2}}, b_{{3}, "F32", {3, 4, 5}};
};

TEST_F(ExpectGolden, WantsEveryOutputAndAlias) {
  const GoldenRules no_b{{}, {"b"}};
  EXPECT_EQ(complaint({{"a", a_}, {"b", b_}, {"c", a_}, {"more", b_}}, no_b), "");
  EXPECT_EQ(complaint({{"b", b_}, {"c", a_}}, no_b), "a was not computed");
  EXPECT_EQ(complaint({{"a", a_}, {"b", b_}}, no_b), "c was not computed");
  EXPECT_EQ(complaint({{"a", a_}, {"c", a_}}, no_b), "b@every2 was not computed");
  EXPECT_EQ(complaint({{"a", a_}, {"b", b_}, {"c", a_}}), "b has shape [3], expected [1]");
}

TEST_F(ExpectGolden, ComparesToTheLastBitWhereAsked) {
  const std::string line = complaint({{"a", a_}, {"b", b_}, {"c", a_}}, {{"a"}, {"b"}});
  EXPECT_TRUE(line.starts_with("a[0] is 1.05, expected 1")) << line;
}

}  // namespace
}  // namespace fovea
