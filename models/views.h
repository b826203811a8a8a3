#pragma once
#include <cstdint>
#include <functional>

#include "attention/tensor/tensor.h"

namespace fovea {

// What a network sees of a picture before it answers, beside the picture itself ("test-time augmentation").
struct Views {
  bool mirrored = false;  // the mirror image
  int64_t shift = 0;      // the picture moved so far down and right, and up and left; 0: not
};

// The mean of what `answer` says of the views of images [B, H, W, C]: a picture and its mirror image count
// alike, and the two shifted ones, whose edges are reflected, together as much as the one in place (Jordan
// 2024, https://arxiv.org/abs/2404.00498). It is asked of `images` as they are as well.
Tensor mean_over(const Views& views, const Tensor& images,
                 const std::function<Tensor(const Tensor&)>& answer);

}  // namespace fovea
