#pragma once
#include <cstdint>
#include <vector>

#include "vision/image_folder.h"

namespace fovea {

struct Split {
  std::vector<int64_t> train, held_out;  // indices into the data set, ascending
};

// Holds out a share (0 to below 1) of each class: at least one picture and not all of them, if the class has
// two and the share is not 0. Which ones depends on the seed and on the names below the class folders alone,
// not on where the data lie or in what order they were found.
Split hold_out(const ImageFolder& data, double share, uint64_t seed);

}  // namespace fovea
