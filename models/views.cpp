#include "models/views.h"

#include "attention/ops/pointwise.h"
#include "attention/ops/rearrange.h"

namespace fovea {
namespace {

Tensor shifted(const Tensor& images, int64_t by) {
  return pad(pad(images, 1, by, -by, Border::kReflect), 2, by, -by, Border::kReflect);
}

}  // namespace

Tensor mean_over(const Views& views, const Tensor& images,
                 const std::function<Tensor(const Tensor&)>& answer) {
  if (views.shift > 0) {
    const auto in_place = [&](const Tensor& seen) { return mean_over({views.mirrored}, seen, answer); };
    const Tensor own = in_place(images);
    const Tensor apart = in_place(shifted(images, views.shift)) + in_place(shifted(images, -views.shift));
    return scale(own, 0.5f) + scale(apart, 0.25f);
  }
  const Tensor own = answer(images);
  return views.mirrored ? scale(own + answer(flip(images, 2)), 0.5f) : own;
}

}  // namespace fovea
