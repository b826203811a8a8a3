#include "models/mask_loss.h"

#include <algorithm>

#include "attention/base/error.h"
#include "attention/ops/binary_loss.h"
#include "attention/ops/embedding.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"
#include "attention/ops/resize.h"

namespace fovea {

MaskLossParts mask_loss(const Tensor& masks, const std::vector<Tensor>& targets,
                        const std::vector<Matches>& matches, double objects) {
  if (masks.shape().rank() != 4 || masks.dim(0) != static_cast<int64_t>(targets.size()) ||
      targets.size() != matches.size())
    fail("mask_loss: masks ", masks.shape(), " for ", targets.size(), " pictures' targets and ",
         matches.size(), " pictures' matches");
  const int64_t N = masks.dim(1), h = masks.dim(2), w = masks.dim(3);
  int64_t H = 1, W = 1;
  std::vector<int64_t> rows;
  for (size_t b = 0; b < targets.size(); ++b) {
    for (const Match& m : matches[b]) rows.push_back(static_cast<int64_t>(b) * N + m.query);
    if (!targets[b]) continue;
    if (targets[b].shape().rank() != 3) fail("mask_loss: target masks ", targets[b].shape());
    H = std::max(H, targets[b].dim(1));
    W = std::max(W, targets[b].dim(2));
  }
  const int64_t M = static_cast<int64_t>(rows.size());
  Tensor wanted = Tensor::full({M, H * W}, 0);
  float* out = wanted.mutable_data();
  for (size_t b = 0; b < targets.size(); ++b)
    for (const Match& m : matches[b]) {
      const int64_t height = targets[b].dim(1), width = targets[b].dim(2);
      const float* const from = targets[b].data() + m.target * height * width;
      for (int64_t y = 0; y < height; ++y) std::copy_n(from + y * width, width, out + y * W);
      out += H * W;
    }
  const Tensor matched = embedding(reshape(masks, {masks.dim(0) * N, h * w}), rows);
  const Tensor resized = reshape(resize_map(reshape(matched, {M, h, w, 1}), H, W, {}), {M, H * W});
  const Tensor focal = sigmoid_focal_loss(resized, wanted, {}, Reduction::kSum);
  return {.focal = scale(focal, static_cast<float>(1 / (objects * static_cast<double>(H * W)))),
          .dice = scale(dice_loss(resized, wanted, Reduction::kSum), static_cast<float>(1 / objects))};
}

}  // namespace fovea
