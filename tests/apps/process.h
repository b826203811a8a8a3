#pragma once
#include <sys/wait.h>

#include <cstdlib>
#include <iterator>
#include <string>

#include "tests/apps/test_folder.h"

namespace fovea {

struct Outcome {
  int code;
  std::string out, err;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Runs a shell line in the folder; in it, $fovea is the program that was built.
inline Outcome shell(const TestFolder& folder, const std::string& line) {
  const std::string script = folder.write(
      "script", "unset FOVEA_MODEL FOVEA_THREADS FOVEA_ISA OMP_NUM_THREADS; cd '" + folder.path().string() +
                    "'; fovea='" FOVEA_BINARY_DIR "/apps/fovea'\n" + line + "\n");
  const int status = std::system(("sh " + script + " >" + script + ".out 2>" + script + ".err").c_str());
  return {WEXITSTATUS(status), read_file(script + ".out"), read_file(script + ".err")};
}

}  // namespace fovea
