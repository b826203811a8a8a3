#pragma once
#include <cstdint>
#include <memory>

#include "attention/kernels/panels.h"

namespace fovea::kernels {

// Where the values of a [columns, depth] matrix lie: element (n, k) at data[n * column_stride + k *
// depth_stride]. A stored linear weight has column_stride = depth; its transpose swaps the two strides.
struct MatrixView {
  const float* data;
  int64_t columns, depth;
  int64_t column_stride, depth_stride;
};

// The right operand of a product, laid out once for the instruction set in use:
// [block of k][panel][k][column in panel].
class PackedMatrix {
 public:
  PackedMatrix() = default;  // no matrix; tests false
  explicit PackedMatrix(const MatrixView& w);

  explicit operator bool() const { return values_ != nullptr; }
  int64_t columns() const { return columns_; }
  int64_t depth() const { return depth_; }
  int64_t lanes() const { return lanes_; }  // floats in a vector of the set it was packed for
  Panels panels() const { return {columns_, lanes_}; }
  int64_t block_depth() const { return block_depth_; }
  const float* data() const { return values_.get(); }

 private:
  int64_t columns_ = 0, depth_ = 0, lanes_ = 0, block_depth_ = 0;
  std::shared_ptr<const float[]> values_;
};

int64_t vector_lanes();  // floats in a vector of the instruction set in use

}  // namespace fovea::kernels
