#include "attention/ops/varifocal_loss.h"

#include <cmath>

#include "attention/ops/element_loss.h"

namespace fovea {
namespace {

double sigmoid_of(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

Tensor varifocal_loss(const Tensor& logits, const Tensor& positives, const Tensor& quality,
                      const VarifocalConfig& config, Reduction reduction) {
  if (positives.shape() != logits.shape())
    fail("varifocal_loss: positives ", positives.shape(), " for ", logits.shape());
  if (positives.grad_node() || quality.grad_node()) fail("varifocal_loss: only the logits have a gradient");
  const auto weight = [config, positives](double x, double t, int64_t i) {
    const double y = positives.data()[i];
    return y * t + (1 - y) * config.alpha * std::pow(sigmoid_of(x), static_cast<double>(config.gamma));
  };
  const Tensor losses = element_loss(
      "varifocal_loss", logits, quality,
      [weight](double x, double t, int64_t i) {
        return weight(x, t, i) * (std::max(x, 0.0) - x * t + std::log1p(std::exp(-std::abs(x))));
      },
      [weight](double x, double t, int64_t i) { return weight(x, t, i) * (sigmoid_of(x) - t); },
      [](double, double, int64_t) { return 0.0; });
  return reduce(losses, reduction);
}

}  // namespace fovea
