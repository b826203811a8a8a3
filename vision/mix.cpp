#include "vision/mix.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

int64_t before(int64_t i, int64_t count) {
  return (i + count - 1) % count;
}

// The box of CutMix that takes about (1 - share) of the picture, cut at its edges.
cv::Rect draw_box(cv::Size size, double share, Rng& rng) {
  const auto x = static_cast<int>(draw_below(size.width, rng));
  const auto y = static_cast<int>(draw_below(size.height, rng));
  const double half = 0.5 * std::sqrt(1 - share);
  const auto w = static_cast<int>(half * size.width), h = static_cast<int>(half * size.height);
  return cv::Rect(x - w, y - h, 2 * w, 2 * h) & cv::Rect({0, 0}, size);
}

}  // namespace

// Marsaglia and Tsang 2000; shapes below 1 through Gamma(a) = Gamma(a + 1) * U^(1 / a).
double draw_log_gamma(double shape, Rng& rng) {
  if (shape < 1) {
    const double above = draw_log_gamma(shape + 1, rng);
    return above + std::log(1 - rng.uniform()) / shape;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = rng.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - rng.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

double draw_beta(double a, double b, Rng& rng) {
  const double x = draw_log_gamma(a, rng), y = draw_log_gamma(b, rng);
  return 1 / (1 + std::exp(y - x));
}

Tensor one_hot(std::span<const int> labels, int64_t classes) {
  Tensor out = Tensor::full({static_cast<int64_t>(labels.size()), classes}, 0);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      fail("one_hot: label ", labels[i], " is not one of ", classes, " classes");
    out.mutable_data()[static_cast<int64_t>(i) * classes + labels[i]] = 1;
  }
  return out;
}

Tensor mixed_up(const Tensor& batch, double share) {
  Tensor out(batch.shape());
  const int64_t count = batch.dim(0), each = batch.count() / count;
  const auto own = static_cast<float>(share), rest = static_cast<float>(1 - share);
  float* to = out.mutable_data();
  parallel_for(count, 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float *a = batch.data() + i * each, *b = batch.data() + before(i, count) * each;
      for (int64_t k = 0; k < each; ++k) to[i * each + k] = own * a[k] + rest * b[k];
    }
  });
  return out;
}

Tensor cut_mixed(const Tensor& images, cv::Rect box) {
  if (images.shape().rank() != 4) fail("cut_mixed: got ", images.shape(), ", needs [B, H, W, C]");
  Tensor out = images.clone();
  const int64_t count = images.dim(0), width = images.dim(2), channels = images.dim(3);
  const int64_t each = images.count() / count;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t y = box.y; y < box.y + box.height; ++y) {
      const int64_t at = (y * width + box.x) * channels;
      std::copy_n(images.data() + before(i, count) * each + at, box.width * channels,
                  out.mutable_data() + i * each + at);
    }
  return out;
}

double mix(Tensor& images, Tensor& targets, const Augmentation& how, Rng& rng) {
  const bool cut = how.cutmix > 0 && (how.mixup <= 0 || rng.uniform() < 0.5);
  const double alpha = cut ? how.cutmix : how.mixup;
  double share = draw_beta(alpha, alpha, rng);
  if (cut) {
    const cv::Size size(static_cast<int>(images.dim(2)), static_cast<int>(images.dim(1)));
    const cv::Rect box = draw_box(size, share, rng);
    images = cut_mixed(images, box);
    share = 1 - static_cast<double>(box.area()) / size.area();
  } else {
    images = mixed_up(images, share);
  }
  targets = mixed_up(targets, share);
  return share;
}

}  // namespace fovea
