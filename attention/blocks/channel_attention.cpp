#include "attention/blocks/channel_attention.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/ops/pool.h"
#include "attention/ops/reduce.h"

namespace fovea {
namespace {

ChannelAttentionConfig completed(ChannelAttentionConfig c) {
  if (c.pools.empty()) fail("channel attention: no pool given");
  if (c.hidden == 0) c.hidden = std::max<int64_t>(1, c.channels / 16);
  return c;
}

// [B, N, C] -> [B, C]. The spread of x and -x about their mean, which is 0, is the root of the mean square.
Tensor norm_of(const Tensor& x) {
  static constexpr int kPositions[] = {1};
  const Tensor root_mean_square = standard_deviation(concat(x, scale(x, -1), 1), kPositions, false);
  return scale(root_mean_square, std::sqrt(static_cast<float>(x.dim(1))));
}

Tensor pooled(GlobalPool pool, const Tensor& x) {
  const auto positions = [&] { return reshape(x, {x.dim(0), x.dim(1) * x.dim(2), x.dim(3)}); };
  switch (pool) {
    case GlobalPool::kMean:
      return global_average_pool(x);
    case GlobalPool::kMax:
      return global_max_pool(x);
    case GlobalPool::kNorm:
      return norm_of(positions());
    case GlobalPool::kLogSumExp:
      return log_sum_exp(positions(), 1);
  }
  fail("channel attention: no such pool");
}

}  // namespace

ChannelAttention::ChannelAttention(const ChannelAttentionConfig& config, const Weights& w)
    : name_(w.path()),
      config_(completed(config)),
      squeeze_(config_.channels, config_.hidden, w / "fc1", config_.bias),
      excite_(config_.hidden, config_.channels, w / "fc2", config_.bias) {}

Tensor ChannelAttention::operator()(const Tensor& x, const Pass& pass) const {
  const auto score = [&](const Tensor& pool) {
    return excite_(squeeze_(pool, {.activation = config_.activation}));
  };
  Tensor sum;
  for (GlobalPool pool : config_.pools) {
    const Tensor part = config_.blend ? pooled(pool, x) : score(pooled(pool, x));
    sum = sum ? sum + part : part;
  }
  if (config_.blend) sum = score(scale(sum, 1 / static_cast<float>(config_.pools.size())));
  const Tensor gates = gated(config_.gate, sum);
  tap_channels(pass, name_, gates);
  return gates;
}

}  // namespace fovea
