#include "tests/support/temp_folder.h"

#include <cstdlib>
#include <string>

#include "attention/base/error.h"

namespace fovea {

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "fovea-XXXXXX").string();
  if (!mkdtemp(name.data())) fail(name, ": no folder can be made there; is $TMPDIR writable?");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace fovea
