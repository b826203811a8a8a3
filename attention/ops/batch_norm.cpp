#include <cmath>

#include "attention/base/error.h"
#include "attention/ops/channel_norm.h"
#include "attention/ops/norm.h"

namespace fovea {
namespace {

PictureRows checked_rows(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const int64_t n = x.shape().rank() > 0 ? x.dim(-1) : 0;
  if (x.count() == 0 || weight.shape() != Shape{n} || bias.shape() != Shape{n})
    fail("batch_norm: input ", x.shape(), ", weight ", weight.shape(), ", bias ", bias.shape());
  return {1, x.count() / n, n};
}

Tensor inverse_std_of(const Tensor& variance, float eps) {
  Tensor inverse(variance.shape());
  for (int64_t i = 0; i < inverse.count(); ++i)
    inverse.mutable_data()[i] =
        static_cast<float>(1 / std::sqrt(static_cast<double>(variance.data()[i]) + static_cast<double>(eps)));
  return inverse;
}

Moments moments_of(const Tensor& x, const PictureRows& shape) {
  const ChannelTotals totals = totals_of_squares(shape, x.data());
  Moments moments{Tensor(Shape{shape.channels}), Tensor(Shape{shape.channels})};
  for (int64_t c = 0; c < shape.channels; ++c) {
    const double count = static_cast<double>(shape.rows), mean = totals.first[static_cast<size_t>(c)] / count;
    const double variance = totals.second[static_cast<size_t>(c)] / count - mean * mean;
    moments.mean.mutable_data()[c] = static_cast<float>(mean);
    moments.variance.mutable_data()[c] = static_cast<float>(variance < 0 ? 0 : variance);
  }
  return moments;
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps, Activation activation,
                  Moments& moments) {
  const PictureRows shape = checked_rows(x, weight, bias);
  moments = moments_of(x, shape);
  return normalise_channels(
      x, weight, bias, {shape, moments.mean.clone(), inverse_std_of(moments.variance, eps), 1, activation});
}

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Moments& moments,
                  float eps, Activation activation) {
  const PictureRows shape = checked_rows(x, weight, bias);
  if (moments.mean.shape() != weight.shape() || moments.variance.shape() != weight.shape())
    fail("batch_norm: input ", x.shape(), ", mean ", moments.mean.shape(), ", variance ",
         moments.variance.shape());
  // Copies: running moments may have moved on when the gradients are asked for.
  return normalise_channels(
      x, weight, bias, {shape, moments.mean.clone(), inverse_std_of(moments.variance, eps), 0, activation});
}

}  // namespace fovea
