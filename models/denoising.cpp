#include "models/denoising.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "attention/base/error.h"

namespace fovea {
namespace {

constexpr double kLeastSide = 1e-3;  // of the frame

// An edge moved by `low` to `high` of half the side, either way.
double moved(double edge, double side, double low, double high, Rng& rng) {
  const double share = low + (high - low) * rng.uniform();
  const double step = (rng.next() & 1 ? side : -side) / 2 * share;
  return std::clamp(edge + step, 0.0, 1.0);
}

// {centre, side} of two edges that may have changed places.
std::array<double, 2> span_of(double a, double b) {
  const double side = std::max(std::abs(b - a), kLeastSide);
  return {std::clamp((a + b) / 2, side / 2, 1 - side / 2), side};
}

void put_noised(const float* box, double low, double high, Rng& rng, float* out) {
  for (size_t axis = 0; axis < 2; ++axis) {
    const double centre = static_cast<double>(box[axis]), side = static_cast<double>(box[axis + 2]);
    const double first = moved(centre - side / 2, side, low, high, rng);
    const double last = moved(centre + side / 2, side, low, high, rng);
    const auto [middle, length] = span_of(first, last);
    out[axis] = static_cast<float>(middle);
    out[axis + 2] = static_cast<float>(length);
  }
}

void put_anywhere(Rng& rng, float* out) {
  for (size_t axis = 0; axis < 2; ++axis) {
    const auto [middle, length] = span_of(rng.uniform(), rng.uniform());
    out[axis] = static_cast<float>(middle);
    out[axis + 2] = static_cast<float>(length);
  }
}

}  // namespace

std::optional<DenoisingQueries> denoising_queries(const std::vector<BoxTargets>& targets, Rng& rng,
                                                  const DenoisingConfig& config) {
  if (!(config.positive >= 0 && config.negative >= config.positive))
    fail("denoising: noise of up to ", config.positive, ", then up to ", config.negative,
         "; the second is the larger");
  int64_t most = 0;
  for (const BoxTargets& picture : targets) most = std::max(most, std::ssize(picture.labels));
  if (most == 0) return std::nullopt;
  const int64_t group = 2 * most;
  const int64_t groups = std::max<int64_t>(1, (config.queries + group / 2) / group);
  const int64_t count = groups * group;
  DenoisingQueries queries{.boxes = Tensor({std::ssize(targets), count, 4}), .group = group};
  float* out = queries.boxes.mutable_data();
  for (const BoxTargets& picture : targets) {
    const auto own = std::ssize(picture.labels);
    for (int64_t i = 0; i < count; ++i, out += 4) {
      const int64_t place = i % group;
      if (own == 0) {
        put_anywhere(rng, out);
        continue;
      }
      const float* box = picture.boxes.data() + 4 * (place % own);
      const bool near = place < own;
      put_noised(box, near ? 0 : config.positive, near ? config.positive : config.negative, rng, out);
    }
  }
  return queries;
}

}  // namespace fovea
