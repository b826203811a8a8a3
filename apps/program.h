#pragma once
#include "apps/console.h"

namespace fovea {

// The whole program but for what belongs to the process: picks the verb, runs it, and turns what it throws
// into one line on console.err and an exit code.
int run_program(int argc, const char* const* argv, Console& console);

// Whether the verb that the words name ends in order when it is told of a signal.
bool drains(int argc, const char* const* argv);

}  // namespace fovea
