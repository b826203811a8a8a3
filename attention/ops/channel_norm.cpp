#include "attention/ops/channel_norm.h"

#include <algorithm>

#include "attention/autograd/grad.h"
#include "attention/base/parallel.h"
#include "attention/kernels/channels.h"

namespace fovea {
namespace {

int64_t piece_rows(int64_t channels) {
  return std::max<int64_t>(1, 2048 / std::max<int64_t>(channels, 1)) * 16;
}

// What one picture's kernels read; holds the values that it points to.
struct Constants {
  Tensor mean, scale, bias;
  Activation activation;
  kernels::ChannelNorm of(int64_t picture, int64_t channels) const {
    const int64_t at = picture * channels;
    return {mean.data() + at, scale.data() + at, bias.data(), activation};
  }
};

Constants constants(const ChannelNormalisation& how, const Tensor& weight, const Tensor& bias) {
  const int64_t n = how.shape.channels;
  Tensor scale = how.inverse_std.clone();
  for (int64_t i = 0; weight && i < scale.count(); ++i) scale.mutable_data()[i] *= weight.data()[i % n];
  return {how.mean, scale, bias ? bias : Tensor::full({n}, 0), how.activation};
}

// dx = g scale + (x - mean) slope + offset: what the mean and the spread, which follow from x, give back.
struct Feedback {
  Tensor slope, offset;  // [pictures, channels]
};

Feedback feedback(const ChannelNormalisation& how, const Tensor& weight, const ChannelTotals& totals) {
  const int64_t n = how.shape.channels, shared = how.shared;
  Feedback back{Tensor::full(how.mean.shape(), 0), Tensor::full(how.mean.shape(), 0)};
  for (int64_t k = 0; shared > 0 && k < how.mean.count(); k += shared) {
    double sum = 0, dot = 0;
    for (int64_t i = k; i < k + shared; ++i) {
      const double w = weight ? weight.data()[i % n] : 1.f;
      sum += w * totals.first[static_cast<size_t>(i)];
      dot += w * totals.second[static_cast<size_t>(i)];
    }
    const double inverse = how.inverse_std.data()[k];
    const double each = inverse / static_cast<double>(how.shape.rows * shared);
    std::fill_n(back.slope.mutable_data() + k, shared, static_cast<float>(-each * inverse * inverse * dot));
    std::fill_n(back.offset.mutable_data() + k, shared, static_cast<float>(-each * sum));
  }
  return back;
}

// Of weight, given inverse_std, or of bias, without.
Tensor parameter_gradient(const ChannelNormalisation& how, const std::vector<double>& totals,
                          const Tensor& inverse_std) {
  const int64_t n = how.shape.channels;
  Tensor gradient(Shape{n});
  for (int64_t c = 0; c < n; ++c) {
    double sum = 0;
    for (int64_t i = c; i < how.mean.count(); i += n)
      sum += totals[static_cast<size_t>(i)] * (inverse_std ? inverse_std.data()[i] : 1.f);
    gradient.mutable_data()[c] = static_cast<float>(sum);
  }
  return gradient;
}

}  // namespace

void for_row_pieces(const PictureRows& shape, const RowsBody& body) {
  const int64_t grain = piece_rows(shape.channels), pieces = (shape.rows + grain - 1) / grain;
  parallel_for(shape.pictures * pieces, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t picture = i / pieces, begin = i % pieces * grain;
      body(picture, picture * shape.rows + begin, std::min(grain, shape.rows - begin));
    }
  });
}

ChannelTotals channel_totals(const PictureRows& shape, const SumsBody& body) {
  const int64_t n = shape.channels, grain = piece_rows(n), pieces = (shape.rows + grain - 1) / grain;
  std::vector<double> partial(static_cast<size_t>(shape.pictures * pieces * 2 * n));
  for_row_pieces(shape, [&](int64_t picture, int64_t begin, int64_t count) {
    const int64_t piece = picture * pieces + (begin - picture * shape.rows) / grain;
    double* const sums = partial.data() + piece * 2 * n;
    body(picture, begin, count, sums, sums + n);
  });
  ChannelTotals totals;
  totals.first.resize(static_cast<size_t>(shape.pictures * n));
  totals.second.resize(totals.first.size());
  for (int64_t i = 0; i < shape.pictures * pieces; ++i) {
    const double* const sums = partial.data() + i * 2 * n;
    double* const first = totals.first.data() + i / pieces * n;
    double* const second = totals.second.data() + i / pieces * n;
    for (int64_t c = 0; c < n; ++c) first[c] += sums[c];
    for (int64_t c = 0; c < n; ++c) second[c] += sums[n + c];
  }
  return totals;
}

ChannelTotals totals_of_squares(const PictureRows& shape, const float* x) {
  const int64_t n = shape.channels;
  return channel_totals(shape, [&](int64_t, int64_t begin, int64_t count, double* sums, double* squares) {
    kernels::channel_sums(x + begin * n, count, n, sums, squares);
  });
}

Tensor normalise_channels(const Tensor& x, const Tensor& weight, const Tensor& bias,
                          const ChannelNormalisation& how) {
  const int64_t n = how.shape.channels;
  Tensor y(x.shape());
  const Constants forward = constants(how, weight, bias);
  for_row_pieces(how.shape, [&](int64_t picture, int64_t begin, int64_t count) {
    kernels::normalise(forward.of(picture, n), x.data() + begin * n, count, n, y.mutable_data() + begin * n);
  });
  return record(y, {x, weight, bias}, [x, weight, bias, how, n](const Tensor& dy) {
    const Constants norm = constants(how, weight, bias);
    const auto add_sums = [&](int64_t p, int64_t begin, int64_t count, double* sums, double* dots) {
      kernels::normalise_sums(norm.of(p, n), x.data() + begin * n, dy.data() + begin * n, count, n, sums,
                              dots);
    };
    const ChannelTotals totals = channel_totals(how.shape, add_sums);
    std::vector<Tensor> gradients(3);
    if (weight.grad_node()) gradients[1] = parameter_gradient(how, totals.second, how.inverse_std);
    if (bias.grad_node()) gradients[2] = parameter_gradient(how, totals.first, {});
    if (!x.grad_node()) return gradients;
    const Feedback back = feedback(how, weight, totals);
    Tensor dx(x.shape());
    for_row_pieces(how.shape, [&](int64_t p, int64_t begin, int64_t count) {
      kernels::normalise_gradient(norm.of(p, n), back.slope.data() + p * n, back.offset.data() + p * n,
                                  x.data() + begin * n, dy.data() + begin * n, count, n,
                                  dx.mutable_data() + begin * n);
    });
    gradients[0] = dx;
    return gradients;
  });
}

}  // namespace fovea
