#include "attention/ops/box_loss.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/box_formulas.h"

namespace fovea {
namespace {

// formula(pair) of each box and its target, over double for the values and over Dual for the gradients.
template <class Formula>
Tensor each_pair(const char* op, const Tensor& boxes, const Tensor& targets, Formula formula) {
  const Shape& shape = boxes.shape();
  if (shape != targets.shape() || shape.rank() < 1 || shape[-1] != 4)
    fail(op, ": ", shape, " against ", targets.shape());
  std::vector<int64_t> sizes;
  for (int i = 0; i + 1 < shape.rank(); ++i) sizes.push_back(shape[i]);
  Tensor y{Shape(sizes)};
  constexpr int64_t kGrain = 512;
  parallel_for(y.count(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const BoxPair<double> pair(plain_box(boxes.data() + 4 * i), plain_box(targets.data() + 4 * i));
      y.mutable_data()[i] = static_cast<float>(formula(pair));
    }
  });
  return record(y, {boxes, targets}, [boxes, targets, formula](const Tensor& dy) {
    Tensor da = boxes.grad_node() ? Tensor(boxes.shape()) : Tensor();
    Tensor db = targets.grad_node() ? Tensor(boxes.shape()) : Tensor();
    parallel_for(dy.count(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Dual<8> value = formula(dual_pair(boxes.data() + 4 * i, targets.data() + 4 * i));
        for (int k = 0; k < 4; ++k) {
          const double g = dy.data()[i];
          if (da) da.mutable_data()[4 * i + k] = static_cast<float>(g * value.slopes[k]);
          if (db) db.mutable_data()[4 * i + k] = static_cast<float>(g * value.slopes[4 + k]);
        }
      }
    });
    return std::vector<Tensor>{da, db};
  });
}

// sin(2 angle) - 2 of the line between the centres with the nearer axis, as a weight of their distance; and
// how far the sizes differ.
template <class T>
T siou_cost(const BoxPair<T>& pair) {
  const T length = power(pair.squared_distance, 0.5) + 1e-4;
  const T sine = over(lesser_of(magnitude(pair.across), magnitude(pair.down)), length);
  const T weight = 2 * (sine * power(1 - square(sine), 0.5)) + -2.0;
  const T apart = 2 - exponential(weight * square(over(pair.across, pair.wide))) -
                  exponential(weight * square(over(pair.down, pair.high)));
  const auto differ = [](const T& a, const T& b) {
    return power(1 - exponential(-1 * over(magnitude(a - b), greater_of(a, b))), 4);
  };
  const T shape = differ(pair.a.width(), pair.b.width()) + differ(pair.a.height(), pair.b.height());
  return 0.5 * (apart + shape);
}

template <class T>
T loss_of(const BoxPair<T>& pair, const T& miss, BoxLoss loss, const BoxLossConfig& config) {
  switch (loss) {
    case BoxLoss::kIou:
      return miss;
    case BoxLoss::kGiou:
      return miss + gap_share(pair, config.eps);
    case BoxLoss::kDiou:
      return miss + centre_share(pair, config.eps);
    case BoxLoss::kCiou: {
      const T aspect = aspect_term(pair, config.aspect_eps);
      const T weight = held(over(aspect, miss + aspect + config.eps));
      return miss + centre_share(pair, config.eps) + weight * aspect;
    }
    case BoxLoss::kEiou:
      return miss + centre_share(pair, config.eps) + square(over(pair.across, pair.wide + config.eps)) +
             square(over(pair.down, pair.high + config.eps));
    case BoxLoss::kSiou:
      return miss + siou_cost(pair);
    case BoxLoss::kWiou:
      return miss * exponential(over(pair.squared_distance, held(pair.squared_diagonal + config.eps)));
  }
  fail("box_loss: no such loss");
}

double focus_factor(double miss, const BoxFocus& focus) {
  const double beta = miss / focus.mean;
  if (focus.monotonic) return std::sqrt(std::max(beta, 0.0));
  return beta / (focus.delta * std::pow(static_cast<double>(focus.alpha), beta - focus.delta));
}

// In alpha-IoU's own code eps goes beside both heights, and beside each term before the power.
template <class T>
T alpha_loss(const BoxPair<T>& pair, BoxLoss loss, double alpha, double eps) {
  const T a_height = pair.a.height() + eps, b_height = pair.b.height() + eps;
  const T both = pair.a.width() * a_height + pair.b.width() * b_height - pair.inter + eps;
  const T iou = over(pair.inter, both), kept = 1 - power(iou + eps, alpha);
  if (loss == BoxLoss::kIou) return kept;
  if (loss == BoxLoss::kGiou) {
    const T around = greater_of(pair.wide * pair.high + eps, both);
    return kept + power(over(around - both, around) + eps, alpha);
  }
  const T far = over(power(pair.squared_distance, alpha), power(pair.squared_diagonal, alpha) + eps);
  if (loss == BoxLoss::kDiou) return kept + far;
  const T aspect = aspect_term(pair, eps);
  const T weight = held(over(aspect, 1 - iou + aspect + eps));
  return kept + far + power(weight * aspect + eps, alpha);
}

}  // namespace

Tensor box_loss(const Tensor& boxes, const Tensor& targets, BoxLoss loss, const BoxLossConfig& config) {
  if (config.focus && !(config.focus->mean > 0))
    fail("box_loss: the mean of 1 - IoU is ", config.focus->mean, ", not above 0");
  return each_pair("box_loss", boxes, targets, [loss, config](const auto& pair) {
    const auto miss = 1 - iou_of(pair, config.eps);
    const auto value = loss_of(pair, miss, loss, config);
    return config.focus ? focus_factor(value_of(miss), *config.focus) * value : value;
  });
}

Tensor alpha_iou_loss(const Tensor& boxes, const Tensor& targets, BoxLoss loss,
                      const AlphaIouConfig& config) {
  if (loss > BoxLoss::kCiou) fail("alpha_iou_loss: only IoU, GIoU, DIoU and CIoU have one");
  return each_pair("alpha_iou_loss", boxes, targets, [loss, config](const auto& pair) {
    return alpha_loss(pair, loss, config.alpha, config.eps);
  });
}

}  // namespace fovea
