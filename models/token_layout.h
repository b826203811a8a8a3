#pragma once
#include <cstdint>

namespace fovea {

// Which tokens of an attention map show a grid over the picture.
struct TokenLayout {
  int64_t before = 0;             // class, distillation, register or detection tokens
  int64_t rows = 0, columns = 0;  // then the grid's, row by row
  int64_t height = 0, width = 0;  // what of the frame the grid lies over, from its corner; 0: all of it
  int64_t after = 0;
  int64_t reader = 0;  // the token that the answer is read from; -1: the mean of the grid's
};

}  // namespace fovea
