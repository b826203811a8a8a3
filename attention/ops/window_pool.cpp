// Pools over windows that slide, or that divide the map.
#include <algorithm>
#include <limits>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/windows.h"
#include "attention/ops/pool.h"

namespace fovea {
namespace {

constexpr int64_t kBlock = 64;  // channels that one thread gives back at a time

// What a window covers of one axis: begin, begin + step, ... below end; its share of a mean's divisor.
struct Span {
  int64_t begin, end, step = 1, divisor = 1;
};

// Every window of a map: one for each pair of a vertical and a horizontal span.
struct Windows {
  std::vector<Span> vertical, horizontal;
  int64_t columns() const { return static_cast<int64_t>(horizontal.size()); }
  int64_t count() const { return static_cast<int64_t>(vertical.size()) * columns(); }
  double divisor(int64_t window) const {
    return static_cast<double>(row(window).divisor) * static_cast<double>(column(window).divisor);
  }
  const Span& row(int64_t window) const { return vertical[static_cast<size_t>(window / columns())]; }
  const Span& column(int64_t window) const { return horizontal[static_cast<size_t>(window % columns())]; }

  // The places of one window in a map of that width, row by row.
  void places(int64_t window, int64_t width, std::vector<int64_t>& out) const {
    const Span &down = row(window), &across = column(window);
    out.clear();
    for (int64_t i = down.begin; i < down.end; i += down.step)
      for (int64_t j = across.begin; j < across.end; j += across.step) out.push_back(i * width + j);
  }
};

// Calls body(picture, window, places) for every window, in parallel.
template <class Body>
void for_windows(const Tensor& x, const Windows& windows, const Body& body) {
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(x.dim(3), 1));
  parallel_for(x.dim(0) * windows.count(), grain, [&](int64_t begin, int64_t end) {
    std::vector<int64_t> places;
    for (int64_t i = begin; i < end; ++i) {
      windows.places(i % windows.count(), x.dim(2), places);
      body(i / windows.count(), i, places);
    }
  });
}

// dx, where give(window, places, c0, c1, dx) adds what a window gives back to these channels of one picture:
// windows in order, whatever the thread.
template <class Give>
Tensor gathered(const Shape& shape, const Windows& windows, const Give& give) {
  Tensor dx(shape);
  const int64_t n = shape[3], map = shape[1] * shape[2], blocks = (n + kBlock - 1) / kBlock;
  parallel_for(shape[0] * blocks, 1, [&](int64_t begin, int64_t end) {
    std::vector<int64_t> places;
    for (int64_t task = begin; task < end; ++task) {
      const int64_t picture = task / blocks, c0 = task % blocks * kBlock, c1 = std::min(n, c0 + kBlock);
      float* const out = dx.mutable_data() + picture * map * n;
      for (int64_t i = 0; i < map; ++i) std::fill(out + i * n + c0, out + i * n + c1, 0.f);
      for (int64_t w = 0; w < windows.count(); ++w) {
        windows.places(w, shape[2], places);
        give(picture * windows.count() + w, places, c0, c1, out);
      }
    }
  });
  return dx;
}

Tensor max_over(const Tensor& x, const Windows& windows, Shape shape) {
  const int64_t n = x.dim(3), map = x.dim(1) * x.dim(2);
  Tensor y(shape), taps = recorded({x}) ? Tensor(shape) : Tensor();
  for_windows(x, windows, [&](int64_t picture, int64_t i, const std::vector<int64_t>& places) {
    kernels::window_max(x.data() + picture * map * n, places.data(), static_cast<int64_t>(places.size()), n,
                        y.mutable_data() + i * n, taps ? taps.mutable_data() + i * n : nullptr);
  });
  return record(y, {x}, [input = x.shape(), taps, windows, n](const Tensor& dy) {
    const auto give = [&](int64_t i, const std::vector<int64_t>& places, int64_t c0, int64_t c1, float* dx) {
      for (int64_t c = c0; c < c1; ++c)
        if (const float tap = taps.data()[i * n + c]; tap >= 0)
          dx[places[static_cast<size_t>(tap)] * n + c] += dy.data()[i * n + c];
    };
    return std::vector<Tensor>{gathered(input, windows, give)};
  });
}

Tensor mean_over(const Tensor& x, const Windows& windows) {
  const int64_t n = x.dim(3), map = x.dim(1) * x.dim(2);
  Tensor y({x.dim(0), windows.count() / windows.columns(), windows.columns(), n});
  const auto factor = [windows](int64_t i) {
    return static_cast<float>(1 / windows.divisor(i % windows.count()));
  };
  for_windows(x, windows, [&](int64_t picture, int64_t i, const std::vector<int64_t>& places) {
    kernels::window_sum(x.data() + picture * map * n, places.data(), static_cast<int64_t>(places.size()), n,
                        factor(i), y.mutable_data() + i * n);
  });
  return record(y, {x}, [input = x.shape(), windows, factor, n](const Tensor& dy) {
    const auto give = [&](int64_t i, const std::vector<int64_t>& places, int64_t c0, int64_t c1, float* dx) {
      for (const int64_t place : places)
        kernels::add_scaled(dy.data() + i * n + c0, factor(i), c1 - c0, dx + place * n + c0);
    };
    return std::vector<Tensor>{gathered(input, windows, give)};
  });
}

void expect_map(const char* op, const Tensor& x) {
  if (x.shape().rank() != 4 || x.count() == 0) fail(op, ": needs [B, H, W, C], got ", x.shape());
}

// Windows along one axis of `size`; torch's count.
int64_t window_count(const char* op, int64_t size, const Pool& how, size_t axis) {
  const int64_t kernel = how.kernel[axis], stride = how.stride[axis], padding = how.padding[axis],
                dilation = how.dilation[axis];
  if (kernel < 1 || stride < 1 || dilation < 1 || padding < 0 || 2 * padding > kernel)
    fail(op, ": kernel ", kernel, ", stride ", stride, ", padding ", padding, ", dilation ", dilation);
  const int64_t over = how.ceil ? stride - 1 : 0;  // what a window may reach beyond the padding
  const int64_t room = size + 2 * padding + over - dilation * (kernel - 1) - 1;
  if (room < 0) fail(op, ": a window of ", kernel, " does not fit in ", size, " values");
  int64_t count = room / stride + 1;
  if (how.ceil && (count - 1) * stride >= size + padding) --count;
  return count;
}

std::vector<Span> max_spans(int64_t size, const Pool& how, size_t axis) {
  const int64_t dilation = how.dilation[axis], reach = dilation * (how.kernel[axis] - 1) + 1;
  std::vector<Span> spans;
  for (int64_t i = 0, count = window_count("max_pool", size, how, axis); i < count; ++i) {
    const int64_t start = i * how.stride[axis] - how.padding[axis];
    const int64_t skipped = start < 0 ? (-start + dilation - 1) / dilation : 0;
    spans.push_back({start + skipped * dilation, std::min(size, start + reach), dilation});
  }
  return spans;
}

std::vector<Span> mean_spans(int64_t size, const Pool& how, size_t axis) {
  std::vector<Span> spans;
  for (int64_t i = 0, count = window_count("average_pool", size, how, axis); i < count; ++i) {
    const int64_t start = i * how.stride[axis] - how.padding[axis];
    const int64_t stop = std::min(start + how.kernel[axis], size + how.padding[axis]);
    const int64_t begin = std::max<int64_t>(start, 0), end = std::min(stop, size);
    spans.push_back({begin, end, 1, how.counts_padding ? stop - start : end - begin});
  }
  return spans;
}

std::vector<Span> adaptive_spans(int64_t size, int64_t count) {
  std::vector<Span> spans;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = i * size / count, end = ((i + 1) * size + count - 1) / count;
    spans.push_back({begin, end, 1, end - begin});
  }
  return spans;
}

}  // namespace

Tensor max_pool(const Tensor& x, const Pool& how) {
  expect_map("max_pool", x);
  const Windows windows{max_spans(x.dim(1), how, 0), max_spans(x.dim(2), how, 1)};
  return max_over(x, windows, {x.dim(0), windows.count() / windows.columns(), windows.columns(), x.dim(3)});
}

Tensor average_pool(const Tensor& x, const Pool& how) {
  expect_map("average_pool", x);
  if (how.dilation != std::array<int64_t, 2>{1, 1}) fail("average_pool: a window with gaps has no mean here");
  return mean_over(x, {mean_spans(x.dim(1), how, 0), mean_spans(x.dim(2), how, 1)});
}

Tensor adaptive_average_pool(const Tensor& x, int64_t height, int64_t width) {
  expect_map("adaptive_average_pool", x);
  if (height < 1 || width < 1) fail("adaptive_average_pool: to ", height, " x ", width);
  return mean_over(x, {adaptive_spans(x.dim(1), height), adaptive_spans(x.dim(2), width)});
}

Tensor global_max_pool(const Tensor& x) {
  expect_map("global_max_pool", x);
  if (x.dim(1) * x.dim(2) > 1 << 24) fail("global_max_pool: ", x.shape(), " has more positions than 2^24");
  return max_over(x, {{{0, x.dim(1)}}, {{0, x.dim(2)}}}, {x.dim(0), x.dim(3)});
}

}  // namespace fovea
