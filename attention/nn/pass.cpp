#include "attention/nn/pass.h"

#include <utility>

#include "attention/autograd/grad.h"
#include "attention/ops/pointwise.h"

namespace fovea {
namespace {

Tensor new_probe(const Shape& shape) {
  Tensor probe = Tensor::full(shape, 0);
  watch(probe);
  return probe;
}

}  // namespace

Tensor AttentionMap::weights() const {
  return value ? value : attention_weights(q, k, args);
}

Tensor tapped(const Pass& pass, AttentionMap map, const Tensor& weighed) {
  if (!pass.taps) return weighed;
  if (pass.taps->probes && map.of == AttentionMap::Of::kTokens) map.probe = new_probe(weighed.shape());
  const Tensor y = map.probe ? weighed + map.probe : weighed;
  pass.taps->maps.push_back(std::move(map));
  return y;
}

Tensor tapped(const Pass& pass, const std::string& state, const Tensor& value) {
  if (!pass.taps) return value;
  if (!pass.taps->probes) {
    pass.taps->states.push_back({state, value});
    return value;
  }
  const Tensor probe = new_probe(value.shape()), y = value + probe;
  pass.taps->states.push_back({state, y, probe});
  return y;
}

void apply(const RunningUpdates& updates) {
  for (const RunningUpdate& update : updates) {
    Tensor running = update.running;
    float* const values = running.mutable_data();
    for (int64_t i = 0; i < running.count(); ++i)
      values[i] += update.momentum * (update.batch.data()[i] - values[i]);
  }
}

}  // namespace fovea
