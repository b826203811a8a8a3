#include "attention/nn/pass.h"

namespace fovea {

void apply(const RunningUpdates& updates) {
  for (const RunningUpdate& update : updates) {
    Tensor running = update.running;
    float* const values = running.mutable_data();
    for (int64_t i = 0; i < running.count(); ++i)
      values[i] += update.momentum * (update.batch.data()[i] - values[i]);
  }
}

}  // namespace fovea
