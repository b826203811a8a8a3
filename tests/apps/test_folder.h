#pragma once
#include <fstream>
#include <string>

#include "tests/support/temp_folder.h"

namespace fovea {

// A temporary folder that files are written into by name.
class TestFolder : public TempFolder {
 public:
  std::string operator/(const std::string& name) const { return (path() / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((path() / name).parent_path());
    std::ofstream(path() / name, std::ios::binary) << bytes;
    return *this / name;
  }
};

}  // namespace fovea
