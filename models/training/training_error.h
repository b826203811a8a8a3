#pragma once
#include <sstream>

#include "attention/base/error.h"

namespace fovea {

// A run that ends for no fault of the program.
struct TrainingError : Error {
  enum class Cause { kOptions, kPictures };  // what to mend
  TrainingError(Cause what, const std::string& line) : Error(line), cause(what) {}
  Cause cause;
};

// fail_by(Cause::kOptions, "training: ", what, "; lower --lr")
template <class... Parts>
[[noreturn]] void fail_by(TrainingError::Cause cause, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw TrainingError(cause, text.str());
}

// What fails in work() is of this cause.
template <class Work>
auto blamed_on(TrainingError::Cause cause, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw TrainingError(cause, error.what());
  }
}

}  // namespace fovea
