#include "attention/ops/unfold.h"

#include <algorithm>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/windows.h"

namespace fovea {
namespace {

using kernels::Window;

struct Sizes {
  int64_t pictures, height, width, channels;  // of the map
  int64_t rows, columns;                      // of windows
};

Sizes sizes_of(const char* op, const Shape& map, const Window& window) {
  int64_t count[2];
  for (int i : {0, 1}) {
    const auto k = static_cast<size_t>(i);
    const int64_t size = window.size[k], stride = window.stride[k], dilation = window.dilation[k];
    if (size < 1 || stride < 1 || dilation < 1 || window.padding[k] < 0)
      fail(op, ": window ", size, ", stride ", stride, ", dilation ", dilation, ", padding ",
           window.padding[k]);
    const int64_t room = map[1 + i] + 2 * window.padding[k] - (size - 1) * dilation;
    if (room < 1) fail(op, ": the map ", map, " is smaller than the window");
    count[i] = (room - 1) / stride + 1;
  }
  return {map[0], map[1], map[2], map[3], count[0], count[1]};
}

int64_t grain(int64_t values) {
  return 32768 / std::max<int64_t>(values, 1) + 1;
}

// Each window in turn copies what it sees.
Tensor seen(const Tensor& x, const Window& window, const Sizes& s) {
  const int64_t taps = window.taps(), C = s.channels;
  Tensor y({s.pictures, s.rows * s.columns, taps, C});
  parallel_for(s.pictures * s.rows * s.columns, grain(taps * C), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * taps; i < end * taps; ++i) {
      const int64_t at = i / taps, tap = i % taps;
      const int64_t row = at / s.columns % s.rows * window.stride[0] - window.padding[0] +
                          tap / window.size[1] * window.dilation[0];
      const int64_t column =
          at % s.columns * window.stride[1] - window.padding[1] + tap % window.size[1] * window.dilation[1];
      float* const to = y.mutable_data() + i * C;
      if (row < 0 || row >= s.height || column < 0 || column >= s.width) {
        std::fill_n(to, C, 0.f);
        continue;
      }
      const int64_t picture = at / (s.rows * s.columns);
      std::copy_n(x.data() + ((picture * s.height + row) * s.width + column) * C, C, to);
    }
  });
  return y;
}

// The window along one axis whose tap lies on `place`; -1: none.
int64_t window_on(int64_t place, int64_t tap, int64_t count, const Window& window, size_t axis) {
  const int64_t start = place + window.padding[axis] - tap * window.dilation[axis];
  if (start < 0 || start % window.stride[axis] != 0) return -1;
  const int64_t i = start / window.stride[axis];
  return i < count ? i : -1;
}

// Each place in turn adds up what lies on it, tap by tap.
Tensor laid(const Tensor& windows, const Window& window, const Sizes& s) {
  const int64_t taps = window.taps(), C = s.channels;
  Tensor x({s.pictures, s.height, s.width, C});
  parallel_for(s.pictures * s.height * s.width, grain(taps * C), [&](int64_t begin, int64_t end) {
    for (int64_t place = begin; place < end; ++place) {
      float* const sum = x.mutable_data() + place * C;
      std::fill_n(sum, C, 0.f);
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t row = window_on(place / s.width % s.height, tap / window.size[1], s.rows, window, 0);
        const int64_t column = window_on(place % s.width, tap % window.size[1], s.columns, window, 1);
        if (row < 0 || column < 0) continue;
        const int64_t at = (place / (s.width * s.height) * s.rows + row) * s.columns + column;
        kernels::add_scaled(windows.data() + (at * taps + tap) * C, 1, C, sum);
      }
    }
  });
  return x;
}

}  // namespace

Tensor unfold(const Tensor& x, const Window& window) {
  if (x.shape().rank() != 4) fail("unfold: ", x.shape(), " is not [B, H, W, C]");
  const Sizes s = sizes_of("unfold", x.shape(), window);
  return record(seen(x, window, s), {x},
                [window, s](const Tensor& dy) { return std::vector<Tensor>{laid(dy, window, s)}; });
}

Tensor fold(const Tensor& windows, int64_t height, int64_t width, const Window& window) {
  if (windows.shape().rank() != 4) fail("fold: ", windows.shape(), " is not [B, windows, taps, C]");
  const Shape map{windows.dim(0), height, width, windows.dim(3)};
  const Sizes s = sizes_of("fold", map, window);
  if (windows.dim(1) != s.rows * s.columns || windows.dim(2) != window.taps())
    fail("fold: ", windows.shape(), " for ", s.rows * s.columns, " windows of ", window.taps(), " taps");
  return record(laid(windows, window, s), {windows},
                [window, s](const Tensor& dy) { return std::vector<Tensor>{seen(dy, window, s)}; });
}

}  // namespace fovea
