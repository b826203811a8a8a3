#include "attention/checkpoint/stored_layout.h"

#include <algorithm>

#include "attention/base/error.h"

namespace fovea {
namespace {

// [A, B, C] -> [A, C, B]: both directions of channels first <-> channels last.
Tensor swap_last_two(const Tensor& x, int64_t A, int64_t B, int64_t C, const Shape& result) {
  Tensor y(result);
  const float* in = x.data();
  float* out = y.mutable_data();
  for (int64_t a = 0; a < A; ++a, in += B * C)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t b = 0; b < B; ++b) *out++ = in[b * C + c];
  return y;
}

bool reorders(Change change, const Shape& stored) {
  return (change == Change::kOihwToOhwi || change == Change::kPatchConvToMatrix) && stored.rank() == 4;
}

Shape with_leading_ones(int ones, const Shape& shape) {
  int64_t sizes[Shape::kMaxRank];
  if (ones + shape.rank() > Shape::kMaxRank) fail("no room for ", ones, " leading axes before ", shape);
  std::fill_n(sizes, ones, 1);
  for (int i = 0; i < shape.rank(); ++i) sizes[ones + i] = shape[i];
  return Shape(std::span<const int64_t>(sizes, static_cast<size_t>(ones + shape.rank())));
}

Shape with_trailing_ones(const Shape& shape, int ones) {
  int64_t sizes[Shape::kMaxRank];
  if (ones + shape.rank() > Shape::kMaxRank) fail("no room for ", ones, " trailing axes after ", shape);
  for (int i = 0; i < shape.rank(); ++i) sizes[i] = shape[i];
  std::fill_n(sizes + shape.rank(), ones, 1);
  return Shape(std::span<const int64_t>(sizes, static_cast<size_t>(ones + shape.rank())));
}

Shape stored_shape(Change change, const Shape& ours, const std::optional<Shape>& like) {
  if (change == Change::kOihwToOhwi && ours.rank() == 4) return {ours[0], ours[3], ours[1], ours[2]};
  if (change == Change::kDropLeadingOnes) {
    const int usual = ours.rank() == 2 ? 1 : 0;
    return with_leading_ones(like ? like->rank() - changed_shape(change, *like).rank() : usual, ours);
  }
  if (change == Change::kDropTrailingOnes)
    return with_trailing_ones(ours, like ? like->rank() - changed_shape(change, *like).rank() : 0);
  if (change == Change::kPatchConvToMatrix && ours.rank() == 2) {
    if (!like) fail("the matrix ", ours, " does not tell the patch convolution [D, C, height, width]");
    if (like->rank() == 4) return like->with(0, ours[0]);
  }
  return ours;
}

}  // namespace

Shape changed_shape(Change change, const Shape& stored) {
  if (reorders(change, stored)) {
    const int64_t O = stored[0], I = stored[1], H = stored[2], W = stored[3];
    return change == Change::kOihwToOhwi ? Shape{O, H, W, I} : Shape{O, H * W * I};
  }
  if (change == Change::kDropLeadingOnes) {
    int first = 0;
    while (stored.rank() - first > 2 && stored[first] == 1) ++first;
    int64_t sizes[Shape::kMaxRank];
    for (int i = first; i < stored.rank(); ++i) sizes[i - first] = stored[i];
    return Shape(std::span<const int64_t>(sizes, static_cast<size_t>(stored.rank() - first)));
  }
  if (change == Change::kDropTrailingOnes) {
    int rank = stored.rank();
    while (rank > 2 && stored[rank - 1] == 1) --rank;
    int64_t sizes[Shape::kMaxRank];
    for (int i = 0; i < rank; ++i) sizes[i] = stored[i];
    return Shape(std::span<const int64_t>(sizes, static_cast<size_t>(rank)));
  }
  return stored;
}

Tensor changed(Change change, const Tensor& stored) {
  const Shape& s = stored.shape();
  const Shape shape = changed_shape(change, s);
  return reorders(change, s) ? swap_last_two(stored, s[0], s[1], s[2] * s[3], shape) : stored.view(shape);
}

Tensor unchanged(Change change, const Tensor& ours, const std::optional<Shape>& like) {
  const Shape shape = stored_shape(change, ours.shape(), like);
  if (changed_shape(change, shape) != ours.shape())
    fail("a tensor ", ours.shape(), " cannot be stored as ", shape);
  if (!reorders(change, shape)) return ours.view(shape);
  return swap_last_two(ours, shape[0], shape[2] * shape[3], shape[1], shape);
}

}  // namespace fovea
