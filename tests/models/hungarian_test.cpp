#include "models/hungarian.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "attention/base/rng.h"
#include "tests/models/refusal.h"
#include "tests/support/golden.h"

namespace fovea {
namespace {

struct CostMatrix {
  int64_t rows = 0, columns = 0;
  std::vector<float> cost;
};

// The matrices of tests/golden/assignment/make_totals.py: square, wide or tall, of ten sorts in turn.
CostMatrix cost_matrix(uint64_t index) {
  Rng rng(index + 1);
  double head[6];
  for (double& h : head) h = rng.uniform();
  const int64_t most = index % 97 == 0 ? 120 : 24;
  const int64_t first = 1 + static_cast<int64_t>(head[1] * static_cast<double>(most));
  const int64_t second = 1 + static_cast<int64_t>(head[2] * static_cast<double>(most));
  const int shape = static_cast<int>(head[0] * 3);
  CostMatrix m;
  m.rows = shape == 0 ? first : shape == 1 ? std::min(first, second) : std::max(first, second);
  m.columns = shape == 0 ? first : shape == 1 ? std::max(first, second) : std::min(first, second);
  const int64_t R = m.rows, C = m.columns;
  std::vector<double> u(R * C), v(R * C);
  for (double& x : u) x = rng.uniform();
  for (double& x : v) x = rng.uniform();
  const double a = head[4], b = head[5];
  const auto on_path = [&](int64_t r, int64_t c) {
    if (R <= C) return (r + static_cast<int64_t>(a * static_cast<double>(C))) % C == c;
    return (c + static_cast<int64_t>(a * static_cast<double>(R))) % R == r;
  };
  const auto value = [&](int64_t r, int64_t c) -> double {
    const double x = u[r * C + c], y = v[r * C + c];
    switch (index % 10) {
      case 0:
        return x;
      case 1:
        return std::floor(x * (1 + std::floor(a * 3)));
      case 2:
        return (y < 0.5 ? -1 : 1) * std::ldexp(1.0, static_cast<int>(x * 41) - 20);
      case 3:
        return (x - 1) * 100;
      case 4:
        return v[c] + 1e-6 * x;
      case 5:
        return on_path(r, c) ? 0.1 * x : 1 + x;
      case 6:
        return on_path(r, c) || y < 0.3 ? x : INFINITY;
      case 7:
        return (static_cast<double>(r) + std::floor(a * 5)) * (static_cast<double>(c) + std::floor(b * 5));
      case 8:
        return std::floor(u[r * C] * 50) + std::floor(u[c] * 50) + (y < 0.1);
      default:
        return 16777216 - std::floor(x * 1000);
    }
  };
  for (int64_t r = 0; r < R; ++r)
    for (int64_t c = 0; c < C; ++c) m.cost.push_back(static_cast<float>(value(r, c)));
  return m;
}

// The total of an assignment that uses each column at most once, and as many rows as can be.
double checked_total(const CostMatrix& m, const std::vector<int64_t>& column_of) {
  EXPECT_EQ(static_cast<int64_t>(column_of.size()), m.rows);
  std::vector<int> uses(m.columns, 0);
  int64_t matched = 0;
  double total = 0;
  for (int64_t r = 0; r < m.rows; ++r) {
    if (column_of[r] < 0) continue;
    ++matched;
    ++uses[column_of[r]];
    total += m.cost[r * m.columns + column_of[r]];
  }
  EXPECT_EQ(matched, std::min(m.rows, m.columns));
  EXPECT_TRUE(std::all_of(uses.begin(), uses.end(), [](int n) { return n <= 1; }));
  return total;
}

int64_t column_hash(const std::vector<int64_t>& column_of) {
  uint32_t hash = 2166136261u;
  for (const int64_t column : column_of) hash = (hash ^ static_cast<uint32_t>(column + 1)) * 16777619u;
  return std::max<int64_t>(1, hash % (1u << 31));
}

double largest(const CostMatrix& m) {
  double most = 1;
  for (const float c : m.cost)
    if (std::isfinite(c)) most = std::max(most, std::abs(static_cast<double>(c)));
  return most;
}

TEST(Hungarian, AgreesWithScipyOnTenThousandMatrices) {
  const GoldenTensors golden = read_golden_tensors(std::filesystem::path(FOVEA_SOURCE_DIR) /
                                                   "tests/golden/assignment/totals.safetensors");
  const std::vector<double>&totals = golden.at("totals").values, &hashes = golden.at("columns").values;
  ASSERT_EQ(totals.size(), 10000u);
  int unique = 0;
  for (uint64_t i = 0; i < totals.size(); ++i) {
    const CostMatrix m = cost_matrix(i);
    const std::vector<int64_t> column_of = hungarian(m.cost, m.rows, m.columns);
    ASSERT_NEAR(checked_total(m, column_of), totals[i], 1e-12 * largest(m)) << "matrix " << i;
    if (hashes[i] == 0) continue;
    ++unique;
    ASSERT_EQ(column_hash(column_of), static_cast<int64_t>(hashes[i])) << "matrix " << i;
  }
  EXPECT_GT(unique, 4000);
}

TEST(Hungarian, IsBetterThanAllPermutations) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    CostMatrix m{.rows = 5, .columns = 5, .cost = std::vector<float>(25)};
    for (float& c : m.cost) c = static_cast<float>(std::floor(rng.uniform() * 20) - 5);
    double least = INFINITY;
    std::vector<int64_t> order(5);
    std::iota(order.begin(), order.end(), 0);
    do {
      least = std::min(least, checked_total(m, order));
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(checked_total(m, hungarian(m.cost, 5, 5)), least) << seed;
  }
}

TEST(Hungarian, OfNothingIsNothing) {
  EXPECT_TRUE(hungarian({}, 0, 0).empty());
  EXPECT_TRUE(hungarian({}, 0, 3).empty());
  EXPECT_EQ(hungarian({}, 3, 0), (std::vector<int64_t>{-1, -1, -1}));
}

TEST(Hungarian, LeavesTheDearestRowOut) {
  const std::vector<float> cost = {1, 9, 2};
  EXPECT_EQ(hungarian(cost, 3, 1), (std::vector<int64_t>{0, -1, -1}));
  EXPECT_EQ(hungarian(cost, 1, 3), (std::vector<int64_t>{0}));
}

TEST(Hungarian, GoesRoundInfiniteCosts) {
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(hungarian(std::vector<float>{inf, 5, 1, 2}, 2, 2), (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(hungarian(std::vector<float>{inf, inf, 7, inf, 0, 1}, 2, 3), (std::vector<int64_t>{2, 1}));
}

TEST(Hungarian, RefusesWhatHasNoAnswer) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const auto refusal = [](std::vector<float> cost, int64_t rows, int64_t columns) {
    return refusal_of([&] { hungarian(cost, rows, columns); });
  };
  expect_words(refusal({1, 2, nan, 4}, 2, 2), {"hungarian", "row 1, column 0 is nan"});
  expect_words(refusal({1, -inf}, 1, 2), {"row 0, column 1 is -inf"});
  expect_words(refusal({inf, 1, inf, 2}, 2, 2), {"hungarian", "infinite"});
  expect_words(refusal({inf}, 1, 1), {"infinite"});
  expect_words(refusal({1, 2, 3}, 2, 2), {"3 costs for 2 x 2"});
}

}  // namespace
}  // namespace fovea
