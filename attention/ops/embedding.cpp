#include "attention/ops/embedding.h"

#include <algorithm>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {

Tensor embedding(const Tensor& table, std::span<const int64_t> indices, std::optional<int64_t> padding) {
  if (table.shape().rank() != 2) fail("embedding: the table ", table.shape(), " is not [n, D]");
  const int64_t D = table.dim(1);
  Tensor y(Shape{static_cast<int64_t>(indices.size()), D});
  float* row = y.mutable_data();
  for (const int64_t index : indices) {
    if (index < 0 || index >= table.dim(0)) fail("embedding: index ", index, " into ", table.shape());
    std::copy_n(table.data() + index * D, D, row);
    row += D;
  }
  std::vector<int64_t> kept(indices.begin(), indices.end());
  return record(y, {table}, [kept, padding, shape = table.shape(), D](const Tensor& dy) {
    Tensor sums = Tensor::full(shape, 0);
    parallel_for(D, 64, [&](int64_t begin, int64_t end) {  // rows in order for each column
      for (size_t r = 0; r < kept.size(); ++r) {
        if (kept[r] == padding) continue;
        const float* g = dy.data() + static_cast<int64_t>(r) * D;
        for (int64_t i = begin; i < end; ++i) sums.mutable_data()[kept[r] * D + i] += g[i];
      }
    });
    return std::vector<Tensor>{sums};
  });
}

}  // namespace fovea
