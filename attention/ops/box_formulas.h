#pragma once
#include "attention/ops/dual_functions.h"

namespace fovea {

// Formulas of two boxes, over double or Dual.

template <class T>
struct CornerBox {
  T x0, y0, x1, y1;

  T width() const { return x1 - x0; }
  T height() const { return y1 - y0; }
  T area() const { return width() * height(); }
};

// Two boxes and what most formulas ask of them.
template <class T>
struct BoxPair {
  CornerBox<T> a, b;
  T wide, high;        // of the smallest box around both
  T across, down;      // from b's centre to a's
  T inter, both;       // areas: of the intersection and of the union
  T squared_diagonal;  // of the box around both
  T squared_distance;  // of the centres

  BoxPair(const CornerBox<T>& first, const CornerBox<T>& second) : a(first), b(second) {
    wide = greater_of(a.x1, b.x1) - lesser_of(a.x0, b.x0);
    high = greater_of(a.y1, b.y1) - lesser_of(a.y0, b.y0);
    across = 0.5 * (a.x0 + a.x1 - (b.x0 + b.x1));
    down = 0.5 * (a.y0 + a.y1 - (b.y0 + b.y1));
    inter = positive_part(lesser_of(a.x1, b.x1) - greater_of(a.x0, b.x0)) *
            positive_part(lesser_of(a.y1, b.y1) - greater_of(a.y0, b.y0));
    both = a.area() + b.area() - inter;
    squared_diagonal = square(wide) + square(high);
    squared_distance = square(across) + square(down);
  }
};

inline CornerBox<double> plain_box(const float* xy) {
  return {xy[0], xy[1], xy[2], xy[3]};
}
// With slopes along a's four values, then b's.
inline BoxPair<Dual<8>> dual_pair(const float* a, const float* b) {
  std::array<Dual<8>, 8> values;
  for (int i = 0; i < 8; ++i) {
    values[i] = i < 4 ? a[i] : b[i - 4];
    values[i].slopes[i] = 1;
  }
  return {{values[0], values[1], values[2], values[3]}, {values[4], values[5], values[6], values[7]}};
}

template <class T>
T iou_of(const BoxPair<T>& pair, double eps) {
  return over(pair.inter, pair.both + eps);
}
// What GIoU, DIoU and CIoU take off the IoU.
template <class T>
T gap_share(const BoxPair<T>& pair, double eps) {
  const T around = pair.wide * pair.high;
  return over(around - pair.both, around + eps);
}
template <class T>
T centre_share(const BoxPair<T>& pair, double eps) {
  return over(pair.squared_distance, pair.squared_diagonal + eps);
}
template <class T>
T aspect_term(const BoxPair<T>& pair, double height_eps) {
  const T difference = angle_of(pair.a.width(), pair.a.height() + height_eps) -
                       angle_of(pair.b.width(), pair.b.height() + height_eps);
  return 0.40528473456935109 * square(difference);  // (2 / pi)^2
}

}  // namespace fovea
