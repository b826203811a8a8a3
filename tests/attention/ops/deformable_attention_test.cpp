#include "attention/ops/deformable_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "tests/support/gradient_check.h"
#include "tests/support/isa.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;
using Maps = std::vector<MapSize>;

struct Sizes {
  int64_t batch, queries, heads, dim, points;
  Maps maps;

  int64_t tokens() const {
    int64_t sum = 0;
    for (const MapSize& map : maps) sum += map.height * map.width;
    return sum;
  }
  int64_t levels() const { return static_cast<int64_t>(maps.size()); }
};

const Sizes kSizes[] = {
    {2, 5, 2, 8, 2, {{6, 8}, {3, 4}, {2, 2}}},
    {1, 3, 1, 1, 1, {{1, 1}}},
    {2, 4, 3, 5, 3, {{4, 1}, {1, 7}}},
    {1, 2, 2, 37, 33, {{5, 6}, {3, 3}}},  // more points than one block takes, and a half vector
    {1, 7, 4, 24, 4, {{9, 11}}},
    {1, 3, 1, 83, 2, {{4, 4}, {2, 2}}},
};

struct Values {
  Tensor value;
  SamplingPoints points;
};

// Places well beyond the maps as well.
Values random_values(const Sizes& n) {
  Tensor places =
      random_tensor({n.batch, n.queries, n.heads, n.levels(), n.points, 2}, 2, 0.5) + Tensor::full({2}, 0.5f);
  return {random_tensor({n.batch, n.tokens(), n.heads * n.dim}, 1),
          {places, random_tensor({n.batch, n.queries, n.heads, n.levels() * n.points}, 3)}};
}

// A column of a map that zeros surround.
double cell(const Tensor& value, int64_t b, int64_t start, MapSize map, int64_t row, int64_t column,
            int64_t c) {
  if (row < 0 || row >= map.height || column < 0 || column >= map.width) return 0;
  return value.data()[(b * value.dim(1) + start + row * map.width + column) * value.dim(2) + c];
}

double sample(const Tensor& value, int64_t b, int64_t start, MapSize map, const float* place, int64_t c) {
  const double x = static_cast<double>(place[0]) * static_cast<double>(map.width) - 0.5,
               y = static_cast<double>(place[1]) * static_cast<double>(map.height) - 0.5;
  if (!(std::abs(x) < 1e6 && std::abs(y) < 1e6)) return 0;
  const auto column = static_cast<int64_t>(std::floor(x)), row = static_cast<int64_t>(std::floor(y));
  double sum = 0;
  for (int64_t i : {0, 1})
    for (int64_t j : {0, 1})
      sum += (1 - std::abs(y - static_cast<double>(row + i))) *
             (1 - std::abs(x - static_cast<double>(column + j))) *
             cell(value, b, start, map, row + i, column + j, c);
  return sum;
}

double expected(const Values& v, const Sizes& n, int64_t b, int64_t q, int64_t c) {
  const int64_t head = c / n.dim;
  double sum = 0;
  int64_t start = 0;
  for (int64_t level = 0; level < n.levels(); ++level) {
    const MapSize map = n.maps[static_cast<size_t>(level)];
    for (int64_t p = 0; p < n.points; ++p) {
      const int64_t point =
          ((b * n.queries + q) * n.heads + head) * n.levels() * n.points + level * n.points + p;
      sum += static_cast<double>(v.points.weights.data()[point]) *
             sample(v.value, b, start, map, v.points.places.data() + 2 * point, c);
    }
    start += map.height * map.width;
  }
  return sum;
}

void expect_sums(const Values& v, const Sizes& n) {
  const Tensor y = deformable_attention(v.value, n.maps, v.points);
  ASSERT_EQ(y.shape(), (Shape{n.batch, n.queries, n.heads * n.dim}));
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t c = i % y.dim(2), q = i / y.dim(2) % n.queries, b = i / y.dim(2) / n.queries;
    ASSERT_NEAR(y.data()[i], expected(v, n, b, q, c),
                2e-5 * std::sqrt(static_cast<double>(n.levels() * n.points)))
        << i;
  }
}

TEST(DeformableAttention, SumsBilinearSamplesOfMapsThatZerosSurround) {
  for_each_isa([] {
    for (const Sizes& n : kSizes) expect_sums(random_values(n), n);
  });
}

TEST(DeformableAttention, SeesZerosWhereAPlaceIsNoNumberOrFarAway) {
  for_each_isa([] {
    for (const Sizes& n : kSizes) {
      Values v = random_values(n);
      float* places = v.points.places.mutable_data();
      const float odd[] = {NAN, std::numeric_limits<float>::infinity(), -1e30f, 3e38f, 17};
      for (int64_t i = 0; i < v.points.places.count(); i += 3) places[i] = odd[i / 3 % 5];
      expect_sums(v, n);
    }
  });
}

// Piecewise linear in the places: here none is near a cell's centre line.
Tensor calm_places(const Sizes& n) {
  Tensor places(Shape{n.batch, n.queries, n.heads, n.levels(), n.points, 2});
  for (int64_t i = 0; i < places.count(); ++i) {
    const MapSize map = n.maps[static_cast<size_t>(i / (2 * n.points) % n.levels())];
    const auto size = static_cast<float>(i % 2 ? map.height : map.width);
    const auto steps = static_cast<float>(i * 7 % ((i % 2 ? map.height : map.width) + 3)) - 1.f;
    places.mutable_data()[i] = (steps + (i % 3 ? 0.3f : 0.75f) - 0.05f) / size;  // from 1.3 cells outside
  }
  return places;
}

TEST(DeformableAttention, HasGradientsByValuesPlacesAndWeights) {
  for_each_isa([] {
    for (const Sizes& n : kSizes) {
      const Values v = random_values(n);
      const Tensor places = calm_places(n);
      const auto f = [&](const Inputs& t) { return deformable_attention(t[0], n.maps, {t[1], t[2]}); };
      EXPECT_LT(gradient_error({v.value, places, v.points.weights}, f), 2e-3);
    }
  });
}

// The same by finite differences in double.
TEST(DeformableAttention, GivesThePlacesGradientsOfTheirOwn) {
  const Sizes n = kSizes[0];
  Values v = random_values(n);
  v.points.places = calm_places(n);
  Tensor places = v.points.places.clone();
  watch(places);
  const Tensor loss = to_loss(deformable_attention(v.value, n.maps, {places, v.points.weights}));
  const Gradients gradients = backward(loss);
  const Tensor& got = gradients[places];
  const Tensor factors = random_tensor({n.batch, n.queries, n.heads * n.dim}, 99);
  for (int64_t i = 0; i < got.count(); i += 5) {
    double by_place = 0;
    const int64_t row = i / (2 * n.points * n.levels() * n.heads);
    const float h = 1e-3f, keep = v.points.places.data()[i];
    for (const float step : {h, -h}) {
      v.points.places.mutable_data()[i] = keep + step;
      const double moved = static_cast<double>(v.points.places.data()[i]) - static_cast<double>(keep);
      for (int64_t c = 0; c < n.heads * n.dim; ++c)
        by_place += expected(v, n, row / n.queries, row % n.queries, c) / (2 * moved) *
                    factors.data()[row * n.heads * n.dim + c];
    }
    v.points.places.mutable_data()[i] = keep;
    EXPECT_NEAR(got.data()[i], by_place, 2e-3 * (1 + std::abs(by_place))) << i;
  }
}

TEST(DeformableAttention, HasNoGradientWhereNoneIsWanted) {
  const Sizes n = kSizes[0];
  const Values v = random_values(n);
  Tensor weights = v.points.weights.clone();
  watch(weights);
  const auto loss = [&](const Tensor& value) {
    return to_loss(deformable_attention(value, n.maps, {v.points.places, weights}));
  };
  Tensor watched = v.value.clone();
  watch(watched);
  const Gradients alone = backward(loss(v.value)), both = backward(loss(watched));
  EXPECT_TRUE(same_bits(alone[weights], both[weights]));
  EXPECT_FALSE(both.has(v.points.places));
}

TEST(DeformableAttention, HasTheSameBitsOnAnyNumberOfThreadsAndInAnyBatch) {
  const Sizes n{3, 130, 4, 20, 4, {{12, 10}, {6, 5}}};
  const Values v = random_values(n);
  std::vector<Tensor> one;
  for (const int threads : {1, 2, 5}) {
    std::vector<Tensor> all;
    Threads(threads).run([&] {
      Tensor value = v.value.clone(), places = v.points.places.clone(), weights = v.points.weights.clone();
      watch(value), watch(places), watch(weights);
      const Tensor y = deformable_attention(value, n.maps, {places, weights});
      const Gradients gradients = backward(to_loss(y));
      all = {y, gradients[value], gradients[places], gradients[weights]};
    });
    if (one.empty()) one = all;
    for (size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(same_bits(all[i], one[i])) << i;
  }
  const auto second = [](const Tensor& t) {  // picture 1 alone
    const auto size = static_cast<size_t>(t.count() / t.dim(0));
    return Tensor(t.shape().with(0, 1), t.values().subspan(size, size));
  };
  const Tensor alone =
      deformable_attention(second(v.value), n.maps, {second(v.points.places), second(v.points.weights)});
  EXPECT_TRUE(same_bits(alone, second(one[0])));
}

TEST(DeformableAttention, RefusesWhatDoesNotFit) {
  const Sizes n = kSizes[0];
  const Values v = random_values(n);
  const auto& [places, weights] = v.points;
  EXPECT_THROW(deformable_attention(v.value, Maps{{6, 8}, {3, 4}}, v.points), Error);
  EXPECT_THROW(deformable_attention(v.value, Maps{{6, 8}, {3, 4}, {2, 3}}, v.points), Error);
  EXPECT_THROW(deformable_attention(v.value, Maps{{6, 8}, {4, 4}, {0, 7}}, v.points), Error);
  EXPECT_THROW(deformable_attention(random_tensor({2, 64, 15}, 1), n.maps, v.points), Error);
  EXPECT_THROW(deformable_attention(random_tensor({1, 64, 16}, 1), n.maps, v.points), Error);
  EXPECT_THROW(deformable_attention(v.value, n.maps, {places, random_tensor({2, 5, 2, 5}, 1)}), Error);
  EXPECT_THROW(deformable_attention(v.value, n.maps, {random_tensor({2, 5, 2, 3, 2, 3}, 1), weights}), Error);
}

}  // namespace
}  // namespace fovea
