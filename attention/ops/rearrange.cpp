#include "attention/ops/rearrange.h"

#include <algorithm>
#include <string>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/axis.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

constexpr int64_t kTask = 32768;  // values that a thread moves at least

int64_t grain(int64_t values) {
  return kTask / std::max<int64_t>(values, 1) + 1;
}

std::string text(const std::vector<int>& axes) {
  std::string all;
  for (const int axis : axes) all += (all.empty() ? "" : ", ") + std::to_string(axis);
  return "(" + all + ")";
}

// The axes counted from the front, or a complaint.
std::vector<int> order_of(const Tensor& x, const std::vector<int>& axes) {
  const int rank = x.shape().rank();
  std::vector<int> order;
  for (const int axis : axes) order.push_back(axis < 0 ? axis + rank : axis);
  std::vector<int> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  bool all = rank > 0 && static_cast<int>(axes.size()) == rank;
  for (int i = 0; all && i < rank; ++i) all = sorted[static_cast<size_t>(i)] == i;
  if (!all) fail("permute: ", text(axes), " is not every axis of ", x.shape(), " once");
  return order;
}

Tensor permuted(const Tensor& x, const std::vector<int>& order) {
  std::vector<int64_t> strides(order.size()), sizes, steps;
  for (size_t i = order.size(), stride = 1; i-- > 0;) {
    strides[i] = static_cast<int64_t>(stride);
    stride *= static_cast<size_t>(x.dim(static_cast<int>(i)));
  }
  for (const int axis : order) {
    sizes.push_back(x.dim(axis));
    steps.push_back(strides[static_cast<size_t>(axis)]);
  }
  Tensor y{Shape(sizes)};
  const int64_t n = sizes.back(), step = steps.back(), rows = n ? y.count() / n : 0;
  parallel_for(rows, grain(n), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* from = x.data();
      int64_t rest = row;
      for (size_t axis = sizes.size() - 1; axis-- > 0; rest /= sizes[axis])
        from += rest % sizes[axis] * steps[axis];
      float* const to = y.mutable_data() + row * n;
      for (int64_t i = 0; i < n; ++i) to[i] = from[i * step];
    }
  });
  return y;
}

// dx of take().
Tensor given_back(const Tensor& dy, int axis, const std::vector<int64_t>& places, const Shape& shape) {
  Tensor dx = Tensor::full(shape, 0);
  const AxisSplit to = split_at(dx, axis);
  const auto m = static_cast<int64_t>(places.size());
  parallel_for(to.outer, grain(m * to.inner), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * m; i < end * m; ++i) {
      const int64_t place = places[static_cast<size_t>(i % m)];
      if (place < 0) continue;
      const float* const more = dy.data() + i * to.inner;
      float* const sum = dx.mutable_data() + (i / m * to.n + place) * to.inner;
      for (int64_t k = 0; k < to.inner; ++k) sum[k] += more[k];
    }
  });
  return dx;
}

// Where position i of an axis of n finds its value; -1: nowhere.
int64_t source(int64_t i, int64_t n, Border border) {
  if (i >= 0 && i < n) return i;
  if (border == Border::kConstant) return -1;
  if (border == Border::kReplicate) return i < 0 ? 0 : n - 1;
  if (border == Border::kCircular) return (i % n + n) % n;
  return i < 0 ? -i : 2 * (n - 1) - i;
}

void expect_map(const char* op, const Tensor& x, bool fits, int64_t factor) {
  if (x.shape().rank() != 4 || factor < 1 || !fits) fail(op, ": ", x.shape(), " by a factor of ", factor);
}

}  // namespace

Tensor permute(const Tensor& x, const std::vector<int>& axes) {
  const std::vector<int> order = order_of(x, axes);
  std::vector<int> back(order.size());
  for (size_t i = 0; i < order.size(); ++i) back[static_cast<size_t>(order[i])] = static_cast<int>(i);
  return record(permuted(x, order), {x},
                [back](const Tensor& dy) { return std::vector<Tensor>{permuted(dy, back)}; });
}

Tensor take(const Tensor& x, int axis, const std::vector<int64_t>& places, float otherwise) {
  const AxisSplit from = split_at(x, axis);
  const auto m = static_cast<int64_t>(places.size());
  for (const int64_t place : places)
    if (place >= from.n) fail("take: position ", place, " along axis ", axis, " of ", x.shape());
  Tensor y(x.shape().with(axis, m));
  parallel_for(from.outer * m, grain(from.inner), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t place = places[static_cast<size_t>(i % m)];
      float* const to = y.mutable_data() + i * from.inner;
      if (place < 0) {
        std::fill_n(to, from.inner, otherwise);
      } else {
        std::copy_n(x.data() + (i / m * from.n + place) * from.inner, from.inner, to);
      }
    }
  });
  return record(y, {x}, [axis, places, shape = x.shape()](const Tensor& dy) {
    return std::vector<Tensor>{given_back(dy, axis, places, shape)};
  });
}

Tensor roll(const Tensor& x, int axis, int64_t shift) {
  std::vector<int64_t> places;
  for (int64_t i = 0, n = x.dim(axis); i < n; ++i) places.push_back(((i - shift) % n + n) % n);
  return take(x, axis, places);
}

Tensor flip(const Tensor& x, int axis) {
  std::vector<int64_t> places;
  for (int64_t i = x.dim(axis); i-- > 0;) places.push_back(i);
  return take(x, axis, places);
}

Tensor pad(const Tensor& x, int axis, int64_t before, int64_t after, Border border, float value) {
  const int64_t n = x.dim(axis), most = std::max(before, after);
  const bool empty = n + before + after < 0 || (n == 0 && most > 0 && border != Border::kConstant);
  if (empty || (border == Border::kReflect && most >= n))
    fail("pad: ", before, " before and ", after, " after axis ", axis, " of ", x.shape());
  std::vector<int64_t> places;
  for (int64_t i = -before; i < n + after; ++i) places.push_back(source(i, n, border));
  return take(x, axis, places, value);
}

Tensor pixel_shuffle(const Tensor& x, int64_t factor) {
  const int64_t area = factor * factor;
  expect_map("pixel_shuffle", x, factor > 0 && x.dim(-1) % area == 0, factor);
  const int64_t B = x.dim(0), H = x.dim(1), W = x.dim(2), C = x.dim(3) / area;
  const Tensor apart = permute(reshape(x, {B, H, W, C, factor, factor}), {0, 1, 4, 2, 5, 3});
  return reshape(apart, {B, H * factor, W * factor, C});
}

Tensor pixel_unshuffle(const Tensor& x, int64_t factor) {
  const bool fits = factor > 0 && x.shape().rank() == 4 && x.dim(1) % factor == 0 && x.dim(2) % factor == 0;
  expect_map("pixel_unshuffle", x, fits, factor);
  const int64_t B = x.dim(0), H = x.dim(1) / factor, W = x.dim(2) / factor, C = x.dim(3);
  const Tensor together = permute(reshape(x, {B, H, factor, W, factor, C}), {0, 1, 3, 5, 2, 4});
  return reshape(together, {B, H, W, C * factor * factor});
}

Tensor channel_shuffle(const Tensor& x, int64_t groups) {
  const int64_t channels = x.dim(-1);
  if (groups < 1 || channels % groups != 0)
    fail("channel_shuffle: the channels of ", x.shape(), " in ", groups, " groups");
  const int64_t rows = x.shape().with_last(1).count();
  return reshape(permute(reshape(x, {rows, groups, channels / groups}), {0, 2, 1}), x.shape());
}

}  // namespace fovea
