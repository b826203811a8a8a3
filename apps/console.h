#pragma once
#include <iosfwd>

namespace fovea {

// Where a verb reads and writes: data on out, everything else on err.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
};

}  // namespace fovea
