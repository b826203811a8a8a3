#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// How a grid of position embeddings is fitted to pictures of another size. All are bicubic; each library has
// its own.
enum class GridResample {
  kBicubic,              // a = -0.75, pixel centres at half: transformers' ViT and DeiT
  kBicubicAntialias,     // a = -0.5, the filter widened when shrinking: timm
  kBicubicAlignCorners,  // a = -0.75, corners on corners: torchvision
};

// [height * width, C] -> [new_height * new_width, C]
Tensor resample_grid(const Tensor& grid, int64_t height, int64_t width, int64_t new_height, int64_t new_width,
                     GridResample how);

}  // namespace fovea
