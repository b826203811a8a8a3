#pragma once
#include <algorithm>
#include <cstdint>

namespace fovea::kernels {

// How the columns of a packed operand, padded with zeros to whole vectors, fall into panels of 3 vectors. In
// place of 3 and 1 at the end there are 2 and 2: a single vector would wait on its own sums.
struct Panels {
  int64_t columns, lanes;  // floats in a vector

  int64_t vectors() const { return (columns + lanes - 1) / lanes; }
  int64_t padded() const { return vectors() * lanes; }
  int64_t count() const { return (vectors() + 2) / 3; }
  int64_t begin(int64_t panel) const {  // up to the padded columns, where panel count() would begin
    const bool shorter = panel > 0 && panel == count() - 1 && vectors() % 3 == 1;
    return std::min(3 * panel - (shorter ? 1 : 0), vectors()) * lanes;
  }
  int64_t width(int64_t panel) const { return begin(panel + 1) - begin(panel); }
};

}  // namespace fovea::kernels
