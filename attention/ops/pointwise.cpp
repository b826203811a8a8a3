#include "attention/ops/pointwise.h"

#include <algorithm>
#include <cmath>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/channels.h"
#include "attention/kernels/gemm.h"
#include "attention/kernels/windows.h"
#include "attention/ops/channel_norm.h"

namespace fovea {
namespace {

constexpr int64_t kGrain = 16384;

// f and its derivative at x, one value at a time.
template <class F, class DF>
Tensor map(const Tensor& x, F f, DF df) {
  Tensor y(x.shape());
  parallel_for(x.count(), kGrain, [f, from = x.data(), to = y.mutable_data()](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[i] = f(from[i]);
  });
  return record(y, {x}, [x, df](const Tensor& dy) {
    Tensor dx(x.shape());
    parallel_for(x.count(), kGrain,
                 [df, from = x.data(), in = dy.data(), to = dx.mutable_data()](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i) to[i] = in[i] * df(from[i]);
                 });
    return std::vector<Tensor>{dx};
  });
}

void expect_repeats(const char* op, const Tensor& a, const Tensor& b) {
  const int lead = a.shape().rank() - b.shape().rank();
  bool fits = lead >= 0;
  for (int i = 0; fits && i < b.shape().rank(); ++i) fits = a.dim(lead + i) == b.dim(i);
  if (!fits) fail(op, ": ", b.shape(), " does not repeat over ", a.shape());
}

// The gradient of b, which was repeated over a: sums over the repeats, in order.
Tensor fold(const Tensor& da, const Shape& shape) {
  if (da.shape() == shape) return da;
  Tensor db = Tensor::full(shape, 0);
  const int64_t n = std::max<int64_t>(shape.count(), 1), repeats = da.count() / n;
  if (repeats > n) {  // too few columns to share out
    const ChannelTotals totals = totals_of_squares({1, repeats, n}, da.data());
    std::transform(totals.first.begin(), totals.first.end(), db.mutable_data(),
                   [](double sum) { return static_cast<float>(sum); });
    return db;
  }
  parallel_for(n, 1024, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < repeats; ++r)
      kernels::add_scaled(da.data() + r * n + begin, 1, end - begin, db.mutable_data() + begin);
  });
  return db;
}

template <class F>
Tensor combine(const Tensor& a, const Tensor& b, F f) {
  Tensor y(a.shape());
  const int64_t n = b.count();
  parallel_for(a.count(), kGrain,
               [=, p = a.data(), q = b.data(), to = y.mutable_data()](int64_t i, int64_t end) {
                 while (i < end)  // a repeat of b at a time
                   for (int64_t j = i % n; j < n && i < end; ++i, ++j) to[i] = f(p[i], q[j]);
               });
  return y;
}

float sigmoid_of(float x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
float softplus_of(float x) {
  return std::max(x, 0.f) + std::log1p(std::exp(-std::abs(x)));
}

}  // namespace

Tensor operator+(const Tensor& a, const Tensor& b) {
  expect_repeats("add", a, b);
  return record(
      combine(a, b, [](float p, float q) { return p + q; }), {a, b},
      [a_wanted = !!a.grad_node(), b_wanted = !!b.grad_node(), shape = b.shape()](const Tensor& dy) {
        return std::vector<Tensor>{a_wanted ? dy : Tensor(), b_wanted ? fold(dy, shape) : Tensor()};
      });
}

Tensor operator-(const Tensor& a, const Tensor& b) {
  return a + scale(b, -1);
}

Tensor mul(const Tensor& a, const Tensor& b) {
  expect_repeats("mul", a, b);
  const auto times = [](float p, float q) { return p * q; };
  return record(combine(a, b, times), {a, b}, [a, b, times](const Tensor& dy) {
    return std::vector<Tensor>{a.grad_node() ? combine(dy, b, times) : Tensor(),
                               b.grad_node() ? fold(combine(dy, a, times), b.shape()) : Tensor()};
  });
}

Tensor scale(const Tensor& x, float factor) {
  return map(
      x, [factor](float v) { return v * factor; }, [factor](float) { return factor; });
}

Tensor square_root(const Tensor& x) {
  return map(
      x, [](float v) { return std::sqrt(v); }, [](float v) { return 0.5f / std::sqrt(v); });
}

Tensor reciprocal(const Tensor& x) {
  return map(
      x, [](float v) { return 1 / v; }, [](float v) { return -1 / (v * v); });
}

Tensor activate(Activation activation, const Tensor& x) {
  Tensor y(x.shape());
  parallel_for(x.count(), kGrain, [&](int64_t begin, int64_t end) {
    kernels::activate(activation, x.data() + begin, y.mutable_data() + begin, end - begin);
  });
  return record(y, {x}, [x, activation](const Tensor& dy) {
    Tensor dx(x.shape());
    parallel_for(x.count(), kGrain, [&](int64_t begin, int64_t end) {
      kernels::activate_gradient(activation, x.data() + begin, dy.data() + begin, dx.mutable_data() + begin,
                                 end - begin);
    });
    return std::vector<Tensor>{dx};
  });
}

Tensor relu(const Tensor& x) {
  return activate(Activation::kRelu, x);
}
Tensor gelu(const Tensor& x) {
  return activate(Activation::kGelu, x);
}
Tensor gelu_tanh(const Tensor& x) {
  return activate(Activation::kGeluTanh, x);
}
Tensor quick_gelu(const Tensor& x) {
  return activate(Activation::kQuickGelu, x);
}
Tensor silu(const Tensor& x) {
  return activate(Activation::kSilu, x);
}
Tensor sigmoid(const Tensor& x) {
  return activate(Activation::kSigmoid, x);
}
Tensor tanh(const Tensor& x) {
  return activate(Activation::kTanh, x);
}

Tensor relu6(const Tensor& x) {
  return map(
      x, [](float v) { return std::clamp(v, 0.f, 6.f); }, [](float v) { return v > 0 && v < 6 ? 1.f : 0.f; });
}

Tensor leaky_relu(const Tensor& x, float slope) {
  return map(
      x, [slope](float v) { return v > 0 ? v : v * slope; }, [slope](float v) { return v > 0 ? 1 : slope; });
}

Tensor mish(const Tensor& x) {
  return map(
      x, [](float v) { return v * std::tanh(softplus_of(v)); },
      [](float v) {
        const float t = std::tanh(softplus_of(v));
        return t + v * (1 - t * t) * sigmoid_of(v);
      });
}

Tensor erf(const Tensor& x) {
  return map(
      x, [](float v) { return std::erf(v); }, [](float v) { return 1.12837917f * std::exp(-v * v); });
}

Tensor elu(const Tensor& x, float alpha) {
  return map(
      x, [alpha](float v) { return v > 0 ? v : alpha * std::expm1(v); },
      [alpha](float v) { return v > 0 ? 1 : alpha * std::exp(v); });
}

Tensor celu(const Tensor& x, float alpha) {
  return map(
      x, [alpha](float v) { return v > 0 ? v : alpha * std::expm1(v / alpha); },
      [alpha](float v) { return v > 0 ? 1 : std::exp(v / alpha); });
}

Tensor selu(const Tensor& x) {  // Klambauer et al. 2017
  return scale(elu(x, 1.6732632f), 1.0507010f);
}

Tensor softplus(const Tensor& x) {
  return map(x, softplus_of, sigmoid_of);
}

Tensor hardsigmoid(const Tensor& x) {
  return map(
      x, [](float v) { return std::clamp(v / 6 + 0.5f, 0.f, 1.f); },
      [](float v) { return v > -3 && v < 3 ? 1 / 6.f : 0.f; });
}

Tensor hardswish(const Tensor& x) {
  return map(
      x, [](float v) { return v * std::clamp(v / 6 + 0.5f, 0.f, 1.f); },
      [](float v) { return v <= -3  ? 0.f
                           : v >= 3 ? 1.f
                                    : v / 3 + 0.5f; });
}

}  // namespace fovea
