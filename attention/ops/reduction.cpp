#include "attention/ops/reduction.h"

#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"

namespace fovea {

Tensor reduce(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::kNone) return losses;
  const Tensor sum = sum_all(losses);
  if (reduction == Reduction::kSum) return sum;
  const int64_t n = reduction == Reduction::kMean ? losses.count() : losses.dim(0);
  return scale(sum, 1 / static_cast<float>(n));
}

}  // namespace fovea
