#pragma once
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

// Positions on a grid as constants: sines and cosines of the coordinates at several frequencies.

// Of coordinates 0, 1, ... at frequencies from 1 down to almost 1 / temperature, [rows * columns, dim]: the
// sines of both coordinates, then the cosines; or all of a coordinate, then of the other.
struct GridWaves {
  int64_t dim = 64;
  double temperature = 10000;
  bool by_coordinate = false;
};
Tensor grid_waves(int64_t rows, int64_t columns, const GridWaves& how);

// A grid of any number of axes.
struct FourierGrid {
  std::vector<int64_t> sizes;  // of the axes
  int64_t bands = 64;
  bool in_pixels = true;        // coordinates from -1 to 1; else 0, 1, ... and frequencies as in GridWaves
  double max_resolution = 224;  // in pixels: frequencies from pi to half of that times pi,
  bool linear = false;          // by equal steps; else by equal factors
  double temperature = 10000;   // not in pixels
  float offset = 0;             // likewise, added to each coordinate
  std::vector<int64_t> trained = {};  // sizes that coordinates are brought to; none: their own
  bool column_first = false;          // the first two coordinates change places
};
// [..., axes, bands], and the coordinates themselves as [..., axes, 1].
struct FourierPosition {
  Tensor coordinates, sines, cosines;
};
FourierPosition fourier_position(const FourierGrid& grid);

}  // namespace fovea
