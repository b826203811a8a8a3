#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/ops/channel_norm.h"
#include "attention/ops/norm.h"

namespace fovea {
namespace {

bool fits(const Tensor& parameter, int64_t channels) {
  return !parameter || parameter.shape() == Shape{channels};
}

}  // namespace

Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, float eps) {
  const int64_t n = x.shape().rank() >= 2 ? x.dim(-1) : 0;
  if (x.count() == 0 || groups <= 0 || n % groups != 0 || !fits(weight, n) || !fits(bias, n))
    fail("group_norm: input ", x.shape(), ", ", groups, " groups, weight ", weight.shape(), ", bias ",
         bias.shape());
  const int64_t pictures = x.dim(0), shared = n / groups;
  const PictureRows shape{pictures, x.count() / (pictures * n), n};
  const ChannelTotals totals = totals_of_squares(shape, x.data());
  Tensor mean(Shape{pictures, n}), inverse_std(Shape{pictures, n});
  for (int64_t k = 0; k < pictures * n; k += shared) {
    double sum = 0, squares = 0;
    for (int64_t i = k; i < k + shared; ++i) {
      sum += totals.first[static_cast<size_t>(i)];
      squares += totals.second[static_cast<size_t>(i)];
    }
    const double count = static_cast<double>(shape.rows * shared);
    const double centre = sum / count, variance = std::max(0., squares / count - centre * centre);
    std::fill_n(mean.mutable_data() + k, shared, static_cast<float>(centre));
    std::fill_n(inverse_std.mutable_data() + k, shared,
                static_cast<float>(1 / std::sqrt(variance + static_cast<double>(eps))));
  }
  return normalise_channels(x, weight, bias, {shape, mean, inverse_std, shared, Activation::kNone});
}

}  // namespace fovea
