#include "attention/ops/regression_loss.h"

#include <cmath>

#include "attention/ops/element_loss.h"

namespace fovea {
namespace {

double sign(double d) {
  return d > 0 ? 1 : d < 0 ? -1 : 0;
}

// f(x - t), whose slopes along x and t are opposite.
template <class F, class Slope>
Tensor difference_loss(const char* op, const Tensor& x, const Tensor& t, Reduction reduction, F f,
                       Slope slope) {
  const Tensor losses = element_loss(
      op, x, t, [f](double a, double b, int64_t) { return f(a - b); },
      [slope](double a, double b, int64_t) { return slope(a - b); },
      [slope](double a, double b, int64_t) { return -slope(a - b); });
  return reduce(losses, reduction);
}

}  // namespace

Tensor l1_loss(const Tensor& x, const Tensor& t, Reduction reduction) {
  return difference_loss(
      "l1_loss", x, t, reduction, [](double d) { return std::abs(d); }, sign);
}

Tensor mse_loss(const Tensor& x, const Tensor& t, Reduction reduction) {
  return difference_loss(
      "mse_loss", x, t, reduction, [](double d) { return d * d; }, [](double d) { return 2 * d; });
}

Tensor smooth_l1_loss(const Tensor& x, const Tensor& t, float beta, Reduction reduction) {
  if (!(beta >= 0)) fail("smooth_l1_loss: beta is ", beta, ", less than 0");
  const double b = beta;
  return difference_loss(
      "smooth_l1_loss", x, t, reduction,
      [b](double d) { return std::abs(d) < b ? d * d / (2 * b) : std::abs(d) - b / 2; },
      [b](double d) { return std::abs(d) < b ? d / b : sign(d); });
}

}  // namespace fovea
