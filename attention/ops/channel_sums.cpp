#include "attention/ops/channel_sums.h"

#include <algorithm>
#include <vector>

#include "attention/base/parallel.h"

namespace fovea {

// Over stretches of rows of a fixed length, in order.
Tensor channel_sums(const Tensor& x) {
  constexpr int64_t kRows = 1024;
  const int64_t n = x.dim(-1), rows = n ? x.count() / n : 0, parts = (rows + kRows - 1) / kRows;
  std::vector<double> sums(static_cast<size_t>(parts * n));
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      double* const sum = sums.data() + p * n;
      for (int64_t r = p * kRows; r < std::min(rows, (p + 1) * kRows); ++r) {
        const float* const row = x.data() + r * n;
        for (int64_t c = 0; c < n; ++c) sum[c] += row[c];
      }
    }
  });
  Tensor total(Shape{n});
  for (int64_t c = 0; c < n; ++c) {
    double sum = 0;
    for (int64_t p = 0; p < parts; ++p) sum += sums[static_cast<size_t>(p * n + c)];
    total.mutable_data()[c] = static_cast<float>(sum);
  }
  return total;
}

}  // namespace fovea
