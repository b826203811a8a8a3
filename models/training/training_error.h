#pragma once
#include <cstdint>
#include <sstream>

#include "attention/base/error.h"

namespace fovea {

// A run that ends for no fault of the program.
struct TrainingError : Error {
  enum class Cause { kOptions, kPictures };  // what to mend
  TrainingError(Cause what, const std::string& line) : Error(line), cause(what) {}
  Cause cause;
};

// A model says of pictures what is no number.
struct NotFinite : Error {
  using Error::Error;
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

// What a model makes of pictures, in work(), which it takes or refuses for their size.
template <class Work>
auto suited(int64_t height, int64_t width, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    fail_by(TrainingError::Cause::kOptions, "--size: pictures of ", height, " x ", width,
            " do not suit the model: ", error.what());
  }
}

}  // namespace fovea
