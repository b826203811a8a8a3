#pragma once
#include <sstream>

#include "attention/base/error.h"

namespace fovea {

// What the program tells its caller. A signal that was drained ends in 128 + its number.
enum ExitCode {
  kOk = 0,
  kInternal = 1,
  kUsage = 2,
  kInputsFailed = 3,   // finished, but not every input could be read
  kModelUnusable = 4,  // or not found
  kResourceLimit = 6,
  kBelowGate = 7,  // an evaluation that did not reach what was asked for
};

// An Error that knows its exit code; any other ends in kInternal.
struct ProgramError : Error {
  ProgramError(ExitCode exit_code, const std::string& line) : Error(line), code(exit_code) {}
  ExitCode code;
};

// fail_with(kUsage, "--size: '", text, "' is no size; write 224 or 224x320")
template <class... Parts>
[[noreturn]] void fail_with(ExitCode code, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw ProgramError(code, text.str());
}

}  // namespace fovea
