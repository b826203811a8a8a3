#include "vision/epoch_order.h"

#include <numeric>
#include <utility>

#include "attention/base/error.h"
#include "vision/augment.h"

namespace fovea {

Rng rng_at(uint64_t seed, int64_t epoch, uint64_t place) {
  uint64_t state = Rng(seed).next();
  state = Rng(state ^ static_cast<uint64_t>(epoch)).next();
  return Rng(Rng(state ^ place).next());
}

void EpochOrder::shuffle(int64_t epoch) {
  if (epoch_ == epoch) return;
  Rng rng = rng_at(seed_, epoch, kOfTheOrder);
  std::iota(order_.begin(), order_.end(), int64_t{0});
  for (size_t i = order_.size(); i-- > 1;)
    std::swap(order_[i], order_[static_cast<size_t>(draw_below(static_cast<int64_t>(i) + 1, rng))]);
  epoch_ = epoch;
}

void check(const BatchOptions& options, int64_t pictures) {
  if (pictures == 0) fail("batches: no pictures; give it one at least");
  if (options.batch < 1) fail("batches: a batch of ", options.batch, "; give 1 or more");
  if (options.workers < 1) fail("batches: ", options.workers, " workers; give 1 or more");
}

int64_t steps_of_epoch(const BatchOptions& options, int64_t pictures) {
  const int64_t steps = (pictures + (options.drop_last ? 0 : options.batch - 1)) / options.batch;
  if (steps == 0)
    fail("batches: ", pictures, " pictures do not fill a batch of ", options.batch,
         "; give a smaller batch, or keep the last one");
  return steps;
}

}  // namespace fovea
