#include "attention/ops/reorder.h"

#include <algorithm>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/ops/axis.h"

namespace fovea {
namespace {

// Copies `count` positions along an axis from one tensor into another, at their own offsets.
void copy_along(const Tensor& from, int64_t from_begin, Tensor& to, int64_t to_begin, int64_t count,
                int axis) {
  const AxisSplit a = split_at(from, axis), b = split_at(to, axis);
  for (int64_t i = 0; i < a.outer; ++i)
    std::copy_n(from.data() + (i * a.n + from_begin) * a.inner, count * a.inner,
                to.mutable_data() + (i * b.n + to_begin) * b.inner);
}

// Rows of pixels of each patch, in the order that patches() lays them: body(place in the image, place in the
// patches).
template <class Body>
void for_patch_rows(const Shape& image, int64_t height, int64_t width, const Body& body) {
  const int64_t B = image[0], H = image[1], W = image[2], C = image[3], ny = H / height, nx = W / width;
  for (int64_t b = 0; b < B; ++b)
    for (int64_t n = 0; n < ny * nx; ++n)
      for (int64_t y = 0; y < height; ++y)
        body(((b * H + n / nx * height + y) * W + n % nx * width) * C,
             ((b * ny * nx + n) * height + y) * width * C);
}

}  // namespace

Tensor reshape(const Tensor& x, Shape shape) {
  return record(x.view(shape), {x},
                [from = x.shape()](const Tensor& dy) { return std::vector<Tensor>{dy.view(from)}; });
}

Tensor patches(const Tensor& images, int64_t height, int64_t width) {
  if (images.shape().rank() != 4 || height < 1 || width < 1 || images.dim(1) < height ||
      images.dim(2) < width)
    fail("patches: ", images.shape(), " has no whole patch of ", height, " x ", width);
  const int64_t C = images.dim(3), run = width * C;
  Tensor y(Shape{images.dim(0), (images.dim(1) / height) * (images.dim(2) / width), height * run});
  for_patch_rows(images.shape(), height, width, [&](int64_t from, int64_t to) {
    std::copy_n(images.data() + from, run, y.mutable_data() + to);
  });
  return record(y, {images}, [shape = images.shape(), height, width, run](const Tensor& dy) {
    Tensor dx = Tensor::full(shape, 0);
    for_patch_rows(shape, height, width, [&](int64_t to, int64_t from) {
      std::copy_n(dy.data() + from, run, dx.mutable_data() + to);
    });
    return std::vector<Tensor>{dx};
  });
}

Tensor repeat(const Tensor& x, int64_t times) {
  std::vector<int64_t> sizes{times};
  for (int i = 0; i < x.shape().rank(); ++i) sizes.push_back(x.dim(i));
  const int64_t n = x.count();
  Tensor y{Shape(sizes)};
  for (int64_t t = 0; t < times; ++t) std::copy_n(x.data(), n, y.mutable_data() + t * n);
  return record(y, {x}, [shape = x.shape(), times, n](const Tensor& dy) {
    Tensor dx = Tensor::full(shape, 0);
    for (int64_t t = 0; t < times; ++t)
      for (int64_t i = 0; i < n; ++i) dx.mutable_data()[i] += dy.data()[t * n + i];
    return std::vector<Tensor>{dx};
  });
}

Tensor concat(const Tensor& a, const Tensor& b, int axis) {
  if (a.shape().rank() != b.shape().rank() || a.shape().with(axis, b.dim(axis)) != b.shape())
    fail("concat: ", a.shape(), " and ", b.shape(), " along axis ", axis);
  const int64_t na = a.dim(axis), nb = b.dim(axis);
  Tensor y(a.shape().with(axis, na + nb));
  copy_along(a, 0, y, 0, na, axis);
  copy_along(b, 0, y, na, nb, axis);
  return record(y, {a, b}, [sa = a.shape(), sb = b.shape(), na, nb, axis](const Tensor& dy) {
    Tensor da(sa), db(sb);
    copy_along(dy, 0, da, 0, na, axis);
    copy_along(dy, na, db, 0, nb, axis);
    return std::vector<Tensor>{da, db};
  });
}

Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t count) {
  if (begin < 0 || count < 0 || begin + count > x.dim(axis))
    fail("slice: ", count, " from ", begin, " along axis ", axis, " of ", x.shape());
  Tensor y(x.shape().with(axis, count));
  copy_along(x, begin, y, 0, count, axis);
  return record(y, {x}, [shape = x.shape(), axis, begin, count](const Tensor& dy) {
    Tensor dx = Tensor::full(shape, 0);
    copy_along(dy, 0, dx, begin, count, axis);
    return std::vector<Tensor>{dx};
  });
}

Tensor select(const Tensor& tokens, int64_t index) {
  return reshape(slice(tokens, 1, index, 1), {tokens.dim(0), tokens.dim(2)});
}

namespace {

// [B, rows, columns] -> [B, columns, rows]
Tensor swap_inner(const Tensor& x, int64_t rows, int64_t columns, Shape shape) {
  Tensor y(shape);
  const int64_t plane = rows * columns;
  for (int64_t b = 0; b < x.dim(0); ++b)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        y.mutable_data()[b * plane + c * rows + r] = x.data()[b * plane + r * columns + c];
  return y;
}

}  // namespace

Tensor channels_last(const Tensor& x) {
  if (x.shape().rank() != 4) fail("channels_last: ", x.shape(), " is not [B, C, H, W]");
  const int64_t B = x.dim(0), C = x.dim(1), H = x.dim(2), W = x.dim(3);
  return record(swap_inner(x, C, H * W, {B, H, W, C}), {x}, [=](const Tensor& dy) {
    return std::vector<Tensor>{swap_inner(dy, H * W, C, {B, C, H, W})};
  });
}

Tensor channels_first(const Tensor& x) {
  if (x.shape().rank() != 4) fail("channels_first: ", x.shape(), " is not [B, H, W, C]");
  const int64_t B = x.dim(0), H = x.dim(1), W = x.dim(2), C = x.dim(3);
  return record(swap_inner(x, H * W, C, {B, C, H, W}), {x}, [=](const Tensor& dy) {
    return std::vector<Tensor>{swap_inner(dy, C, H * W, {B, H, W, C})};
  });
}

}  // namespace fovea
