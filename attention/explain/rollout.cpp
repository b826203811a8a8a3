#include "attention/explain/rollout.h"

#include <vector>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/explain/discard.h"

namespace fovea {
namespace {

// What each query's row of weights, and 1 for itself, is to be multiplied by, to count as much as is carried.
void share_rows(const Carried& carried, int64_t begin, const Tensor& rows, Carried& shares) {
  const int64_t count = rows.dim(1), keys = rows.dim(2);
  parallel_for(rows.dim(0) * count, 16, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      double sum = 1;
      for (int64_t j = 0; j < keys; ++j) sum += rows.data()[i * keys + j];
      const int64_t query = begin + i % count;
      shares.row(i / count)[query] = carried.row(i / count)[query] / sum;
    }
  });
}

// carried times the row-normalised (weights + I) / 2.
Carried through(const WeightedRows& of, const Carried& carried, double discard, bool keep_first) {
  const WeightedRows layer = discard > 0 ? held(of) : of;
  Carried shares(carried.pictures, carried.tokens), sum(carried.pictures, carried.tokens);
  const auto step = [&](int64_t begin, const Tensor& rows) {
    share_rows(carried, begin, rows, shares);
    add_rows(shares, begin, rows, sum);
  };
  Discard discarded(layer, discard, keep_first);
  if (discarded.none()) {
    for_row_blocks(layer, carried, step);
  } else {
    for_row_blocks(layer, [&](int64_t begin, Tensor rows) {
      discarded(rows);
      step(begin, rows);
    });
  }
  for (size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += shares.values[i];
  return sum;
}

Tensor rolled(const char* op, const std::vector<WeightedRows>& layers, int64_t token, double discard,
              bool keep_first) {
  if (!(discard >= 0 && discard <= 1)) fail(op, ": a share of ", discard, " cannot be discarded, 0 to 1");
  Carried row = first_row(op, layers, token);
  for (size_t i = layers.size(); i-- > 0;) row = through(layers[i], row, discard, keep_first);
  return row.tensor();
}

}  // namespace

Tensor rollout(std::span<const AttentionMap> maps, int64_t token, const RolloutConfig& config) {
  std::vector<WeightedRows> layers;
  for (const AttentionMap& map : maps) layers.push_back(fused_rows(map, config.fusion));
  return rolled("rollout", layers, token, config.discard, true);
}

Tensor gradient_rollout(std::span<const AttentionMap> maps, const Gradients& gradients, int64_t token,
                        const RolloutConfig& config) {
  std::vector<WeightedRows> layers;
  for (const AttentionMap& map : maps) layers.push_back(fused_gradient_rows(map, gradients, config.fusion));
  return rolled("gradient_rollout", layers, token, config.discard, false);
}

}  // namespace fovea
