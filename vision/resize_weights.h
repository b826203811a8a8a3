#pragma once
#include <cstdint>
#include <vector>

#include "vision/recipe.h"

namespace fovea {

// What each output of one axis is made of: sum over k of weight[i * stride + k] * input[first[i] + k].
struct AxisTaps {
  int64_t inputs = 0;
  int64_t stride = 0;
  std::vector<int32_t> first, count;
  std::vector<double> weight;
};

// Pillow's windows and weights (Resample.c, precompute_coeffs) for outputs [begin, end) of an axis that goes
// from `inputs` to `outputs`; not for Filter::kNearest, which has none.
AxisTaps pillow_taps(int64_t inputs, int64_t outputs, int64_t begin, int64_t end, Filter filter);

// The same in Pillow's 22-bit fixed point, as the kernels want them: taps in pairs that start at an even
// input, each weight w in two int16 halves, w = high * 2^11 + low, so that pairwise 16-bit products add up
// exactly.
struct FixedTaps {
  int64_t inputs = 0;
  int64_t stride = 0;                 // int16 values from one output to the next
  std::vector<int32_t> first, pairs;  // first is even
  std::vector<int16_t> split;         // [output][pair][high, high, low, low]
  int64_t end(int64_t i) const { return first[i] + 2 * pairs[i]; }  // at most inputs + 1
};
FixedTaps fixed_taps(const AxisTaps& taps);

}  // namespace fovea
