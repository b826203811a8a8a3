#include "attention/ops/binary_loss.h"

#include <cmath>

#include "attention/ops/element_loss.h"

namespace fovea {
namespace {

double sigmoid_of(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
double softplus_of(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

// alpha_t * cross-entropy * miss^gamma at one value, where miss is the probability of what is not the target.
struct Focal {
  double alpha, gamma;

  double weight(double t) const { return alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t); }
  static double entropy(double x, double t) { return (1 - t) * x + softplus_of(-x); }
  static double miss(double x, double t) { return sigmoid_of(-x) * t + sigmoid_of(x) * (1 - t); }
  double power_slope(double m) const { return gamma == 0 || m == 0 ? 0 : gamma * std::pow(m, gamma - 1); }

  double value(double x, double t) const { return weight(t) * entropy(x, t) * std::pow(miss(x, t), gamma); }
  double along_x(double x, double t) const {
    const double p = sigmoid_of(x), m = miss(x, t);
    return weight(t) *
           ((p - t) * std::pow(m, gamma) + entropy(x, t) * power_slope(m) * (1 - 2 * t) * p * sigmoid_of(-x));
  }
  double along_t(double x, double t) const {
    const double m = miss(x, t), slope = entropy(x, t) * power_slope(m) * (1 - 2 * sigmoid_of(x));
    const double weight_slope = alpha < 0 ? 0 : 2 * alpha - 1;
    return weight_slope * entropy(x, t) * std::pow(m, gamma) + weight(t) * (slope - x * std::pow(m, gamma));
  }
};

struct DiceRow {
  double overlap = 0, total = 0;  // sum(p t), sum(p) + sum(t)
  DiceRow(const float* x, const float* t, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const double p = sigmoid_of(x[i]);
      overlap += p * t[i];
      total += p + t[i];
    }
  }
  double loss() const { return 1 - (2 * overlap + 1) / (total + 1); }
  // Of the loss, where the overlap grows by `by` and the total by 1.
  double slope(double by) const { return ((2 * overlap + 1) / (total + 1) - 2 * by) / (total + 1); }
};

}  // namespace

Tensor binary_cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& positive_weights,
                            Reduction reduction) {
  const int64_t C = positive_weights.count();
  if (positive_weights && positive_weights.shape() != Shape{logits.dim(-1)})
    fail("binary_cross_entropy: weights ", positive_weights.shape(), " for ", logits.shape());
  const auto weight = [positive_weights, C](int64_t i) { return C ? positive_weights.data()[i % C] : 1.0; };
  const Tensor losses = element_loss(
      "binary_cross_entropy", logits, targets,
      [weight](double x, double t, int64_t i) {
        return (1 - t) * x + (1 + (weight(i) - 1) * t) * softplus_of(-x);
      },
      [weight](double x, double t, int64_t i) {
        return (1 - t) - (1 + (weight(i) - 1) * t) * sigmoid_of(-x);
      },
      [weight](double x, double, int64_t i) { return (weight(i) - 1) * softplus_of(-x) - x; });
  return reduce(losses, reduction);
}

Tensor sigmoid_focal_loss(const Tensor& logits, const Tensor& targets, const FocalConfig& config,
                          Reduction reduction) {
  const Focal focal{config.alpha, config.gamma};
  const Tensor losses = element_loss(
      "sigmoid_focal_loss", logits, targets,
      [focal](double x, double t, int64_t) { return focal.value(x, t); },
      [focal](double x, double t, int64_t) { return focal.along_x(x, t); },
      [focal](double x, double t, int64_t) { return focal.along_t(x, t); });
  return reduce(losses, reduction);
}

Tensor dice_loss(const Tensor& logits, const Tensor& targets, Reduction reduction) {
  if (logits.shape() != targets.shape() || logits.shape().rank() < 1)
    fail("dice_loss: ", logits.shape(), " against ", targets.shape());
  const int64_t B = logits.dim(0), n = B ? logits.count() / B : 0;
  Tensor losses(Shape{B});
  parallel_for(B, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      losses.mutable_data()[b] =
          static_cast<float>(DiceRow(logits.data() + b * n, targets.data() + b * n, n).loss());
  });
  losses = record(losses, {logits, targets}, [logits, targets, B, n](const Tensor& dy) {
    Tensor dx = logits.grad_node() ? Tensor(logits.shape()) : Tensor();
    Tensor dt = targets.grad_node() ? Tensor(logits.shape()) : Tensor();
    parallel_for(B, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const DiceRow row(logits.data() + b * n, targets.data() + b * n, n);
        for (int64_t i = b * n; i < (b + 1) * n; ++i) {
          const double p = sigmoid_of(logits.data()[i]), q = sigmoid_of(-logits.data()[i]);
          const double slope_x = row.slope(targets.data()[i]) * p * q;
          if (dx) dx.mutable_data()[i] = static_cast<float>(dy.data()[b] * slope_x);
          if (dt) dt.mutable_data()[i] = static_cast<float>(dy.data()[b] * row.slope(p));
        }
      }
    });
    return std::vector<Tensor>{dx, dt};
  });
  return reduce(losses, reduction);
}

}  // namespace fovea
