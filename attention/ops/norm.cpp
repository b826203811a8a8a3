#include "attention/ops/norm.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/rows.h"

namespace fovea {
namespace {

constexpr int64_t kRows = 32;

// dx = (g - mean(g) - n mean(g n)) / std, with g = dy weight and n the normalised row.
void row_gradient(const float* dy, const float* x, const float* weight, float mean, float inverse_std,
                  int64_t n, float* dx) {
  double sum = 0, dot = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double g = dy[i] * weight[i];
    sum += g;
    dot += g * ((x[i] - mean) * inverse_std);
  }
  const float mean_g = static_cast<float>(sum / static_cast<double>(n));
  const float mean_gn = static_cast<float>(dot / static_cast<double>(n));
  for (int64_t i = 0; i < n; ++i)
    dx[i] = (dy[i] * weight[i] - mean_g - (x[i] - mean) * inverse_std * mean_gn) * inverse_std;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps) {
  const int64_t n = weight.count();
  const int lead = weight ? x.shape().rank() - weight.shape().rank() : -1;
  if (lead < 0 || weight.shape().rank() == 0)
    fail("layer_norm: input ", x.shape(), ", weight ", weight.shape());
  for (int i = 0; i < weight.shape().rank(); ++i)
    if (lead < 0 || x.dim(lead + i) != weight.dim(i) || bias.shape() != weight.shape())
      fail("layer_norm: input ", x.shape(), ", weight ", weight.shape(), ", bias ", bias.shape());
  const int64_t rows = n ? x.count() / n : 0;
  Tensor y(x.shape());
  parallel_for(rows, kRows, [&](int64_t begin, int64_t end) {
    kernels::layer_norm(x.data() + begin * n, end - begin, n, weight.data(), bias.data(), eps,
                        y.mutable_data() + begin * n);
  });
  return record(y, {x, weight, bias}, [x, weight, rows, n, eps](const Tensor& dy) {
    Tensor dx(x.shape()), dw = Tensor::full(weight.shape(), 0), db = Tensor::full(weight.shape(), 0);
    Tensor mean(Shape{rows}), inverse_std(Shape{rows});
    parallel_for(rows, kRows, [&](int64_t begin, int64_t end) {
      kernels::layer_norm_statistics(x.data() + begin * n, end - begin, n, eps, mean.mutable_data() + begin,
                                     inverse_std.mutable_data() + begin);
      for (int64_t r = begin; r < end; ++r)
        row_gradient(dy.data() + r * n, x.data() + r * n, weight.data(), mean.data()[r],
                     inverse_std.data()[r], n, dx.mutable_data() + r * n);
    });
    parallel_for(n, 64, [&](int64_t begin, int64_t end) {  // rows in order for each column
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = begin; i < end; ++i) {
          const float g = dy.data()[r * n + i];
          dw.mutable_data()[i] += g * (x.data()[r * n + i] - mean.data()[r]) * inverse_std.data()[r];
          db.mutable_data()[i] += g;
        }
    });
    return std::vector<Tensor>{dx, dw, db};
  });
}

}  // namespace fovea
