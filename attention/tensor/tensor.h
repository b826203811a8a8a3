#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <vector>

namespace fovea {

struct GradNode;  // autograd/grad.h

// Up to 6 sizes, no heap.
class Shape {
 public:
  static constexpr int kMaxRank = 6;
  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes);
  explicit Shape(std::span<const int64_t> sizes);
  int rank() const { return rank_; }
  int64_t operator[](int axis) const;  // a negative axis counts from the back
  int64_t count() const;
  Shape with_last(int64_t size) const;       // the same but for the last size
  Shape with(int axis, int64_t size) const;  // the same but for one size
  bool operator==(const Shape&) const = default;

 private:
  std::array<int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};
std::ostream& operator<<(std::ostream&, const Shape&);

// Dense row-major float32, 64-byte aligned. A copy shares the values, as cv::Mat does; clone() does not.
class Tensor {
 public:
  Tensor() = default;            // no tensor; tests false
  explicit Tensor(Shape shape);  // uninitialised
  Tensor(Shape shape, std::span<const float> values);
  static Tensor full(Shape shape, float value);

  explicit operator bool() const { return values_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int64_t dim(int axis) const { return shape_[axis]; }
  int64_t count() const { return values_ ? shape_.count() : 0; }
  const float* data() const { return values_.get(); }
  float* mutable_data() { return values_.get(); }  // for kernels, loaders and optimisers
  std::span<const float> values() const { return {data(), static_cast<size_t>(count())}; }
  Tensor clone() const;
  Tensor view(Shape shape) const;  // the same values, shared, under another shape; not recorded (see reshape)
  bool sole_holder() const { return values_.use_count() == 1; }  // no other tensor shares the values

  const std::shared_ptr<GradNode>& grad_node() const { return node_; }  // null unless recorded
  void set_grad_node(std::shared_ptr<GradNode> node) { node_ = std::move(node); }

 private:
  Shape shape_;
  std::shared_ptr<float[]> values_;
  std::shared_ptr<GradNode> node_;
};

}  // namespace fovea
