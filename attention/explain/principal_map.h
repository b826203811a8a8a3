#pragma once
#include <cstdint>
#include <vector>

namespace fovea {

// Positions of a feature map seen as points, one axis for each channel: how far each lies along the line that
// the points spread most on. x: `positions` rows of `channels`, which are centred here. A line has two
// directions; numpy's is taken, see lapack_direction.h.
std::vector<double> principal_map(std::vector<double> x, int64_t positions, int64_t channels);

}  // namespace fovea
