#pragma once
#include <string>

#include "apps/exit_code.h"
#include "attention/base/error.h"
#include "models/training/training_error.h"

namespace fovea {

// What fails in work() is the caller's doing, of this kind.
template <class Work>
auto as(ExitCode code, const Work& work) {
  try {
    return work();
  } catch (const ProgramError&) {
    throw;
  } catch (const Error& error) {
    fail_with(code, error.what());
  }
}

// What ends training in work() with the exit code of its cause.
template <class Work>
auto told_by_cause(const Work& work) {
  try {
    return work();
  } catch (const TrainingError& error) {
    const bool options = error.cause == TrainingError::Cause::kOptions;
    fail_with(options ? kUsage : kInputsFailed, error.what());
  }
}

// What only a `model` that is fit can do, in work().
template <class Work>
auto usable(const std::string& model, const Work& work) {
  try {
    return work();
  } catch (const NotFinite& error) {
    fail_with(kModelUnusable, model, ": ", error.what());
  }
}

}  // namespace fovea
