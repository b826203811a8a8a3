#pragma once
#include <cstdint>

namespace fovea::kernels {

// What the queries of one picture sample: heads that are ranges of `dim` columns of the tokens of some maps,
// at a few points each.
struct DeformablePicture {
  const float* value;  // [tokens, heads * dim]
  int64_t heads, dim;
  int64_t points;               // of a head
  const float *width, *height;  // of the map of each point, and its first token: [heads * points], and
  const int32_t* start;         // kDeformablePadding more
  const float* places;          // [queries, heads, points, 2]: {x, y}, 0 to 1
  const float* weights;         // [queries, heads, points]
};
constexpr int64_t kDeformablePadding = 16;

// Queries [begin, end) of y [queries, heads * dim].
void deformable(const DeformablePicture& picture, int64_t begin, int64_t end, float* y);

// Where the gradients of one picture go: `value` is added to and may be null, the others are written.
struct DeformableGradients {
  const float* dy;  // [queries, heads * dim]
  float *value, *places, *weights;
};
// What one head gives, from all queries in order.
void deformable_gradient(const DeformablePicture& picture, int64_t head, int64_t queries,
                         const DeformableGradients& gradients);

}  // namespace fovea::kernels
