#include "attention/explain/discard.h"

#include <bit>
#include <cmath>

#include "attention/base/parallel.h"

namespace fovea {
namespace {

constexpr int64_t kBuckets = 65536;

// Whole numbers in the order of the values.
uint32_t ordered(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

struct Found {
  int64_t bucket, before;  // how many are in the buckets below it
};

// The bucket that holds the `rank`-th smallest, from 1.
Found find(const int64_t* buckets, int64_t rank) {
  int64_t before = 0;
  for (int64_t i = 0;; ++i) {
    if (before + buckets[i] >= rank) return {i, before};
    before += buckets[i];
  }
}

}  // namespace

Discard::Discard(const WeightedRows& layer, double share, bool keep_first)
    : count_(static_cast<int64_t>(std::floor(static_cast<double>(layer.queries * layer.keys) * share))),
      keep_first_(keep_first),
      limits_(static_cast<size_t>(layer.pictures)) {
  if (none()) return;
  const auto histogram = [&](const auto& add) {
    std::vector<int64_t> buckets(static_cast<size_t>(layer.pictures * kBuckets));
    for_row_blocks(layer, [&](int64_t, const Tensor& rows) {
      const int64_t size = rows.dim(1) * rows.dim(2);
      for (int64_t i = 0; i < rows.count(); ++i)
        add(i / size, ordered(rows.data()[i]), buckets.data() + i / size * kBuckets);
    });
    return buckets;
  };
  const std::vector<int64_t> high =
      histogram([](int64_t, uint32_t value, int64_t* buckets) { ++buckets[value >> 16]; });
  std::vector<Found> found;
  for (int64_t b = 0; b < layer.pictures; ++b) found.push_back(find(high.data() + b * kBuckets, count_));
  const std::vector<int64_t> low = histogram([&](int64_t b, uint32_t value, int64_t* buckets) {
    if (value >> 16 == found[static_cast<size_t>(b)].bucket) ++buckets[value & 0xffff];
  });
  for (int64_t b = 0; b < layer.pictures; ++b) {
    const Found& top = found[static_cast<size_t>(b)];
    const Found bottom = find(low.data() + b * kBuckets, count_ - top.before);
    limits_[static_cast<size_t>(b)] = {static_cast<uint32_t>(top.bucket << 16 | bottom.bucket),
                                       count_ - top.before - bottom.before};
  }
}

void Discard::apply(Limit& limit, float* weights, int64_t size) const {
  for (int64_t i = 0; i < size; ++i) {
    const uint32_t value = ordered(weights[i]);
    const bool equal = value == limit.value && limit.equal > 0;
    limit.equal -= equal;
    if (equal || value < limit.value) weights[i] = 0;
  }
}

void Discard::operator()(Tensor& rows) {
  if (none()) return;
  const int64_t pictures = rows.dim(0), size = rows.dim(1) * rows.dim(2);
  parallel_for(pictures, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      float* const weights = rows.mutable_data() + b * size;
      const float first = weights[0];
      apply(limits_[static_cast<size_t>(b)], weights, size);
      if (keep_first_ && !begun_) weights[0] = first;
    }
  });
  begun_ = true;
}

}  // namespace fovea
