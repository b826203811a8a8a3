#include <Eigen/Dense>

#include "attention/base/error.h"
#include "models/foveanet.h"

namespace fovea {
namespace {

constexpr int kSide = 3, kChannels = 3, kPatch = kSide * kSide * kChannels;
using Patch = Eigen::Matrix<double, kPatch, 1>;
using Covariance = Eigen::Matrix<double, kPatch, kPatch>;

// In the order of a convolution's weight: channel, row, column.
Patch patch_at(const float* image, int64_t width, int64_t row, int64_t column) {
  Patch patch;
  for (int c = 0, i = 0; c < kChannels; ++c)
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < kSide; ++x, ++i) patch[i] = image[((row + y) * width + column + x) * kChannels + c];
  return patch;
}

Covariance covariance_of(const Tensor& images) {
  const int64_t B = images.dim(0), H = images.dim(1), W = images.dim(2);
  Covariance sum = Covariance::Zero();
  int64_t patches = 0;
  for (int64_t b = 0; b < B; ++b)
    for (int64_t row = 0; row + kSide <= H; ++row)
      for (int64_t column = 0; column + kSide <= W; ++column, ++patches) {
        const Patch patch = patch_at(images.data() + b * H * W * kChannels, W, row, column);
        sum.selfadjointView<Eigen::Lower>().rankUpdate(patch);
      }
  if (patches == 0) fail("whitening: ", images.shape(), " holds no patch of 3 x 3");
  return sum.selfadjointView<Eigen::Lower>() * (Covariance::Identity() / static_cast<double>(patches));
}

}  // namespace

Tensor whitening_filters(const Tensor& images, int64_t width) {
  if (images.shape().rank() != 4 || images.dim(3) != kChannels || width % 2 != 0 || width > 2 * kPatch)
    fail("whitening: ", width, " filters from ", images.shape(),
         "; needs [B, H, W, 3], and an even number up to ", 2 * kPatch);
  constexpr double kFloor = 5e-4;  // of a variance, so that noise is not blown up
  const Eigen::SelfAdjointEigenSolver<Covariance> eigen(covariance_of(images));
  Tensor filters(Shape{width, kChannels, kSide, kSide});
  for (int64_t i = 0; i < width / 2; ++i) {
    const auto column = static_cast<Eigen::Index>(kPatch - 1 - i);  // eigenvalues come in rising order
    Patch direction = eigen.eigenvectors().col(column) / std::sqrt(eigen.eigenvalues()[column] + kFloor);
    if (direction.sum() < 0) direction = -direction;  // a sign of our own choosing
    for (int k = 0; k < kPatch; ++k) {
      const auto value = static_cast<float>(direction[k]);
      filters.mutable_data()[i * kPatch + k] = value;
      filters.mutable_data()[(width / 2 + i) * kPatch + k] = -value;
    }
  }
  return filters;
}

}  // namespace fovea
