#pragma once
#include <cstdint>
#include <vector>

#include "attention/base/rng.h"
#include "vision/batch.h"

namespace fovea {

// Draws for one place of one epoch, whatever was drawn elsewhere.
Rng rng_at(uint64_t seed, int64_t epoch, uint64_t place);
// Places in an epoch that are no picture's.
inline constexpr uint64_t kOfTheOrder = ~uint64_t{0}, kOfTheBatch = uint64_t{1} << 63;

// The order of an epoch's pictures, remembered until another epoch is asked for.
class EpochOrder {
 public:
  EpochOrder(uint64_t seed, int64_t pictures) : seed_(seed), order_(static_cast<size_t>(pictures)) {}
  void shuffle(int64_t epoch);
  int64_t operator[](int64_t position) const { return order_[static_cast<size_t>(position)]; }

 private:
  uint64_t seed_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

// Fails on what gives no batch.
void check(const BatchOptions& options, int64_t pictures);
int64_t steps_of_epoch(const BatchOptions& options, int64_t pictures);

}  // namespace fovea
