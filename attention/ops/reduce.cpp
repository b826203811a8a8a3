#include "attention/ops/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/rows.h"
#include "attention/ops/axis.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

// One line of values along the axis.
template <class T>
struct Line {
  T* first;
  int64_t stride;
  T& operator[](int64_t i) const { return first[i * stride]; }
};
using Values = Line<const float>;
using Results = Line<float>;

Values line(const Tensor& x, const AxisSplit& s, int64_t i) {
  return {x.data() + i / s.inner * s.n * s.inner + i % s.inner, s.inner};
}
Results line(Tensor& x, const AxisSplit& s, int64_t i) {
  return {x.mutable_data() + i / s.inner * s.n * s.inner + i % s.inner, s.inner};
}

// An op that maps each line to a line: forward(x, y), backward(y, dy, dx) or backward(x, dy, dx).
template <class Forward, class Backward>
Tensor map_lines(const Tensor& x, int axis, bool backward_reads_output, Forward forward, Backward backward) {
  const AxisSplit s = split_at(x, axis);
  Tensor y(x.shape());
  for (int64_t i = 0; i < s.outer * s.inner; ++i) forward(line(x, s, i), line(y, s, i), s.n);
  const Tensor kept = backward_reads_output ? y : x.view(x.shape());
  return record(y, {x}, [kept, s, backward](const Tensor& dy) {
    Tensor dx(kept.shape());
    for (int64_t i = 0; i < s.outer * s.inner; ++i)
      backward(line(kept, s, i), line(dy, s, i), line(dx, s, i), s.n);
    return std::vector<Tensor>{dx};
  });
}

double log_sum_exp_of(Values x, int64_t n) {
  if (n == 0) return -std::numeric_limits<double>::infinity();
  double top = x[0], sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (std::isnan(x[i])) return x[i];
    top = std::max<double>(top, x[i]);
  }
  if (std::isinf(top)) return top;
  for (int64_t i = 0; i < n; ++i) sum += std::exp(x[i] - top);
  return top + std::log(sum);
}

Shape without(const Shape& shape, int first, int last) {
  std::vector<int64_t> sizes;
  for (int i = 0; i < shape.rank(); ++i)
    if (i < first || i > last) sizes.push_back(shape[i]);
  return Shape(sizes);
}

}  // namespace

Tensor sum_all(const Tensor& x) {
  double sum = 0;
  for (float v : x.values()) sum += v;
  return record(Tensor::full({1}, static_cast<float>(sum)), {x}, [shape = x.shape()](const Tensor& dy) {
    return std::vector<Tensor>{Tensor::full(shape, dy.data()[0])};
  });
}

Tensor mean_tokens(const Tensor& tokens) {
  if (tokens.shape().rank() != 3) fail("mean_tokens: ", tokens.shape(), " is not [B, N, C]");
  const int64_t B = tokens.dim(0), N = tokens.dim(1), C = tokens.dim(2);
  Tensor y(Shape{B, C});
  parallel_for(B, 1, [&](int64_t begin, int64_t end) {
    std::vector<double> sum(static_cast<size_t>(C));
    for (int64_t b = begin; b < end; ++b) {
      std::ranges::fill(sum, 0);
      for (int64_t n = 0; n < N; ++n)
        for (int64_t c = 0; c < C; ++c) sum[static_cast<size_t>(c)] += tokens.data()[(b * N + n) * C + c];
      for (int64_t c = 0; c < C; ++c)
        y.mutable_data()[b * C + c] =
            static_cast<float>(sum[static_cast<size_t>(c)] / static_cast<double>(N));
    }
  });
  return record(y, {tokens}, [B, N, C](const Tensor& dy) {
    Tensor dx(Shape{B, N, C});
    for (int64_t i = 0; i < dx.count(); ++i)
      dx.mutable_data()[i] = dy.data()[i / (N * C) * C + i % C] / static_cast<float>(N);
    return std::vector<Tensor>{dx};
  });
}

namespace {

// The last axis, whose lines are rows.
Tensor softmax_of_rows(const Tensor& x, int64_t n) {
  Tensor y(x.shape());
  const int64_t rows = n ? x.count() / n : 0, grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, n));
  parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    kernels::softmax(x.data() + begin * n, end - begin, n, y.mutable_data() + begin * n);
  });
  return record(y, {x}, [y, n, rows, grain](const Tensor& dy) {
    Tensor dx(y.shape());
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float *p = y.data() + r * n, *g = dy.data() + r * n;
        double dot = 0;
        for (int64_t i = 0; i < n; ++i) dot += static_cast<double>(p[i]) * g[i];
        float* const to = dx.mutable_data() + r * n;
        for (int64_t i = 0; i < n; ++i) to[i] = p[i] * (g[i] - static_cast<float>(dot));
      }
    });
    return std::vector<Tensor>{dx};
  });
}

}  // namespace

Tensor softmax(const Tensor& x, int axis) {
  const AxisSplit split = split_at(x, axis);
  if (split.inner == 1) return softmax_of_rows(x, split.n);
  return map_lines(
      x, axis, true,
      [](Values in, Results out, int64_t n) {
        const double norm = n ? log_sum_exp_of(in, n) : 0;
        for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(std::exp(in[i] - norm));
      },
      [](Values p, Values dy, Results dx, int64_t n) {
        double dot = 0;
        for (int64_t i = 0; i < n; ++i) dot += p[i] * dy[i];
        for (int64_t i = 0; i < n; ++i) dx[i] = p[i] * (dy[i] - static_cast<float>(dot));
      });
}

Tensor log_softmax(const Tensor& x, int axis) {
  return map_lines(
      x, axis, true,
      [](Values in, Results out, int64_t n) {
        const double norm = n ? log_sum_exp_of(in, n) : 0;
        for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i] - norm);
      },
      [](Values logp, Values dy, Results dx, int64_t n) {
        double sum = 0;
        for (int64_t i = 0; i < n; ++i) sum += dy[i];
        for (int64_t i = 0; i < n; ++i) dx[i] = static_cast<float>(dy[i] - std::exp(logp[i]) * sum);
      });
}

Tensor log_sum_exp(const Tensor& x, int axis) {
  const AxisSplit s = split_at(x, axis);
  const int at = axis < 0 ? axis + x.shape().rank() : axis;
  Tensor y(without(x.shape(), at, at));
  for (int64_t i = 0; i < s.outer * s.inner; ++i)
    y.mutable_data()[i] = static_cast<float>(log_sum_exp_of(line(x, s, i), s.n));
  return record(y, {x}, [x, y, s](const Tensor& dy) {
    Tensor dx(x.shape());
    for (int64_t i = 0; i < s.outer * s.inner; ++i)
      for (int64_t j = 0; j < s.n; ++j)
        line(dx, s, i)[j] = dy.data()[i] * std::exp(line(x, s, i)[j] - y.data()[i]);
    return std::vector<Tensor>{dx};
  });
}

Tensor cumulative_sum(const Tensor& x, int axis) {
  return map_lines(
      x, axis, false,
      [](Values in, Results out, int64_t n) {
        double sum = 0;
        for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(sum += in[i]);
      },
      [](Values, Values dy, Results dx, int64_t n) {
        double sum = 0;
        for (int64_t i = n - 1; i >= 0; --i) dx[i] = static_cast<float>(sum += dy[i]);
      });
}

Tensor glu(const Tensor& x, int axis) {
  const int64_t half = x.dim(axis) / 2;
  if (x.dim(axis) % 2) fail("glu: axis ", axis, " of ", x.shape(), " is odd");
  return mul(slice(x, axis, 0, half), sigmoid(slice(x, axis, half, half)));
}

Tensor l2_normalise(const Tensor& x, int axis, float eps) {
  const auto norm_of = [eps](Values v, int64_t n) {
    double squares = 0;
    for (int64_t i = 0; i < n; ++i) squares += static_cast<double>(v[i]) * v[i];
    return std::max<double>(std::sqrt(squares), eps);
  };
  return map_lines(
      x, axis, false,
      [norm_of](Values in, Results out, int64_t n) {
        const double norm = norm_of(in, n);
        for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i] / norm);
      },
      [norm_of, eps](Values in, Values dy, Results dx, int64_t n) {
        const double norm = norm_of(in, n);
        double dot = 0;
        for (int64_t i = 0; i < n; ++i) dot += static_cast<double>(in[i]) * dy[i];
        if (norm <= eps) dot = 0;  // the clamp is constant
        for (int64_t i = 0; i < n; ++i)
          dx[i] = static_cast<float>((dy[i] - in[i] * dot / (norm * norm)) / norm);
      });
}

Tensor variance(const Tensor& x, std::span<const int> axes, bool unbiased) {
  const int rank = x.shape().rank();
  std::vector<int> sorted;
  for (int axis : axes) {
    (void)x.dim(axis);  // checks it
    sorted.push_back(axis < 0 ? axis + rank : axis);
  }
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i + 1 < sorted.size(); ++i)
    if (sorted[i] + 1 != sorted[i + 1]) fail("variance: the axes of ", x.shape(), " are not neighbours");
  if (sorted.empty()) fail("variance: no axes of ", x.shape());
  const AxisSplit s = split_at(x, sorted.front(), sorted.back());
  const double count = static_cast<double>(unbiased ? s.n - 1 : s.n);
  Tensor y(without(x.shape(), sorted.front(), sorted.back())), mean(y.shape());
  for (int64_t i = 0; i < s.outer * s.inner; ++i) {
    const Values in = line(x, s, i);
    double sum = 0, squares = 0;
    for (int64_t j = 0; j < s.n; ++j) sum += in[j];
    const double centre = sum / static_cast<double>(s.n);
    for (int64_t j = 0; j < s.n; ++j) squares += (in[j] - centre) * (in[j] - centre);
    mean.mutable_data()[i] = static_cast<float>(centre);
    y.mutable_data()[i] = static_cast<float>(squares / count);
  }
  return record(y, {x}, [x, mean, s, count](const Tensor& dy) {
    Tensor dx(x.shape());
    for (int64_t i = 0; i < s.outer * s.inner; ++i)
      for (int64_t j = 0; j < s.n; ++j)
        line(dx, s, i)[j] =
            static_cast<float>(dy.data()[i] * 2 * (line(x, s, i)[j] - mean.data()[i]) / count);
    return std::vector<Tensor>{dx};
  });
}

Tensor standard_deviation(const Tensor& x, std::span<const int> axes, bool unbiased) {
  const Tensor v = variance(x, axes, unbiased);
  Tensor y(v.shape());
  for (int64_t i = 0; i < v.count(); ++i) y.mutable_data()[i] = std::sqrt(v.data()[i]);
  return record(y, {v}, [y](const Tensor& dy) {
    Tensor dv(y.shape());
    for (int64_t i = 0; i < y.count(); ++i)  // where nothing differs, 0, as PyTorch has it
      dv.mutable_data()[i] = y.data()[i] == 0 ? 0 : dy.data()[i] / (2 * y.data()[i]);
    return std::vector<Tensor>{dv};
  });
}

}  // namespace fovea
