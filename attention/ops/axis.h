#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// A tensor seen from one axis: `outer` blocks of `n` positions of `inner` values.
struct AxisSplit {
  int64_t outer = 1, n = 1, inner = 1;
};

// The axes [first, last] as one; negative ones count from the back.
inline AxisSplit split_at(const Tensor& x, int first, int last) {
  const int rank = x.shape().rank();
  (void)x.dim(first), (void)x.dim(last);  // checked there
  const int from = first < 0 ? first + rank : first, to = last < 0 ? last + rank : last;
  AxisSplit split;
  for (int i = 0; i < from; ++i) split.outer *= x.dim(i);
  for (int i = from; i <= to; ++i) split.n *= x.dim(i);
  for (int i = to + 1; i < rank; ++i) split.inner *= x.dim(i);
  return split;
}
inline AxisSplit split_at(const Tensor& x, int axis) {
  return split_at(x, axis, axis);
}

}  // namespace fovea
