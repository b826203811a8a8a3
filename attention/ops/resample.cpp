#include "attention/ops/resample.h"

#include "attention/base/error.h"
#include "attention/ops/reorder.h"
#include "attention/ops/resize.h"

namespace fovea {

Tensor resample_grid(const Tensor& grid, int64_t height, int64_t width, int64_t new_height, int64_t new_width,
                     GridResample how) {
  if (grid.shape().rank() != 2 || grid.dim(0) != height * width || new_height < 1 || new_width < 1)
    fail("resample_grid: ", grid.shape(), " from ", height, " x ", width, " to ", new_height, " x ",
         new_width);
  const int64_t C = grid.dim(1);
  const Resize cubic{.filter = Interpolation::kCubic,
                     .align_corners = how == GridResample::kBicubicAlignCorners,
                     .antialias = how == GridResample::kBicubicAntialias};
  const Tensor map = resize_map(reshape(grid, {1, height, width, C}), new_height, new_width, cubic);
  return reshape(map, {new_height * new_width, C});
}

}  // namespace fovea
