#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <opencv2/core/utility.hpp>

#include "apps/program.h"
#include "apps/signals.h"
#include "apps/standard_input.h"
#include "vision/decode.h"

namespace {

// OpenCV, libpng and libjpeg print what they think of a picture; what is wrong with it reaches its own
// record. This takes std::cerr and C's stderr from them, and leaves descriptor 2 to us (and to sanitizers).
std::streambuf* keep_standard_error() {
  if (std::FILE* nowhere = std::fopen("/dev/null", "w")) stderr = nowhere;  // a plain variable in glibc
  return std::cerr.rdbuf(nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD,
          1 << 20);      // pictures go back to the system, instead of staying in each thread's heap
  cv::setNumThreads(1);  // our own loops run over pictures; OpenCV would bring a second set of threads
  fovea::silence_decoders();
  fovea::let_pipes_break();
  if (fovea::drains(argc, argv)) fovea::catch_signals();
  fovea::StandardInput input;
  std::istream in(&input);
  std::ostream err(keep_standard_error());
  fovea::Console console{in, std::cout, err, isatty(STDERR_FILENO) == 1};
  return fovea::run_program(argc, argv, console);
}
