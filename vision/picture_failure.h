#pragma once
#include <string>

namespace fovea {

// A picture that could not be taken: what it is called, and why in one line.
struct PictureFailure {
  std::string name, reason;
  bool operator==(const PictureFailure&) const = default;
};

}  // namespace fovea
