#include "attention/tensor/tensor.h"

#include <algorithm>
#include <limits>
#include <ostream>

#include "attention/base/error.h"
#include "attention/tensor/block_pool.h"

namespace fovea {
namespace {

std::shared_ptr<float[]> allocate(int64_t count) {
  const size_t bytes = sizeof(float) * static_cast<size_t>(std::max<int64_t>(count, 1));
  return {static_cast<float*>(BlockPool::shared().take(bytes)),
          [bytes](float* values) { BlockPool::shared().give_back(values, bytes); }};
}

}  // namespace

Shape::Shape(std::initializer_list<int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const int64_t> sizes) : rank_(static_cast<int>(sizes.size())) {
  if (rank_ > kMaxRank) fail("shape: rank ", rank_, " is above ", kMaxRank);
  std::copy(sizes.begin(), sizes.end(), sizes_.begin());
  int64_t count = 1;
  for (int64_t size : sizes) {
    if (size < 0) fail("shape: ", *this, " has a negative size");
    if (size > 0 && count > std::numeric_limits<int64_t>::max() / 8 / size)
      fail("shape: ", *this, " is too large");
    count *= std::max<int64_t>(size, 1);
  }
}

int64_t Shape::operator[](int axis) const {
  const int i = axis < 0 ? axis + rank_ : axis;
  if (i < 0 || i >= rank_) fail("shape: axis ", axis, " is outside ", *this);
  return sizes_[static_cast<size_t>(i)];
}

int64_t Shape::count() const {
  int64_t n = 1;
  for (int i = 0; i < rank_; ++i) n *= sizes_[static_cast<size_t>(i)];
  return n;
}

Shape Shape::with_last(int64_t size) const {
  return with(-1, size);
}

Shape Shape::with(int axis, int64_t size) const {
  Shape shape = *this;
  (void)(*this)[axis];  // checks the axis
  shape.sizes_[static_cast<size_t>(axis < 0 ? axis + rank_ : axis)] = size;
  return shape;
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (int i = 0; i < shape.rank(); ++i) out << (i ? ", " : "") << shape[i];
  return out << ']';
}

Tensor::Tensor(Shape shape) : shape_(shape), values_(allocate(shape.count())) {}

Tensor::Tensor(Shape shape, std::span<const float> values) : Tensor(shape) {
  if (shape.count() != static_cast<int64_t>(values.size()))
    fail("tensor: ", values.size(), " values do not fill ", shape);
  std::copy(values.begin(), values.end(), values_.get());
}

Tensor Tensor::full(Shape shape, float value) {
  Tensor t(shape);
  std::fill_n(t.mutable_data(), t.count(), value);
  return t;
}

Tensor Tensor::clone() const {
  if (!values_) return {};
  Tensor t(shape_);
  std::copy_n(data(), count(), t.mutable_data());
  return t;
}

Tensor Tensor::view(Shape shape) const {
  if (shape.count() != count()) fail("view: ", shape_, " does not hold as many values as ", shape);
  Tensor t;
  t.shape_ = shape;
  t.values_ = values_;
  return t;
}

}  // namespace fovea
