#include "attention/ops/sampling_places.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

const std::vector<MapSize> kMaps = {{4, 5}, {2, 3}};

TEST(SamplingPlaces, AreCellsFromAPointOrSharesOfABoxFromItsCentre) {
  const Tensor offsets = random_tensor({2, 3, 2, 2, 4, 2}, 1);
  for (const int64_t n : {2, 4}) {
    const Tensor reference = random_tensor({2, 3, 2, n}, 2);
    const Tensor places = sampling_places(reference, offsets, kMaps);
    ASSERT_EQ(places.shape(), offsets.shape());
    for (int64_t i = 0; i < places.count(); ++i) {
      const int64_t axis = i % 2, level = i / 8 % 2, query = i / 32;
      const float* box = reference.data() + (query * 2 + level) * n;
      const MapSize map = kMaps[static_cast<size_t>(level)];
      const double step = n == 2 ? 1.0 / static_cast<double>(axis ? map.height : map.width)
                                 : static_cast<double>(box[2 + axis]) / 2 / 4;
      EXPECT_NEAR(places.data()[i], box[axis] + offsets.data()[i] * step, 1e-5) << i;
    }
    const auto f = [](const std::vector<Tensor>& t) { return sampling_places(t[0], t[1], kMaps); };
    EXPECT_LT(gradient_error({reference, offsets}, f), 2e-3);
  }
}

TEST(SamplingPlaces, RefusesWhatDoesNotFit) {
  const Tensor offsets = random_tensor({2, 3, 2, 2, 4, 2}, 1);
  EXPECT_THROW(sampling_places(random_tensor({2, 3, 2, 3}, 1), offsets, kMaps), Error);
  EXPECT_THROW(sampling_places(random_tensor({2, 4, 2, 2}, 1), offsets, kMaps), Error);
  EXPECT_THROW(sampling_places(random_tensor({2, 3, 2, 2}, 1), offsets, std::vector<MapSize>{{4, 5}}), Error);
}

}  // namespace
}  // namespace fovea
