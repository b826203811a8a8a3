#pragma once
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "apps/result.h"

namespace fovea {

// A folder of results, one file an input, under names like theirs of which no two are the same.
class OutputFolder {
 public:
  // Made if it is not there; a kUsage error, which names `option`, if nothing can be written into it.
  OutputFolder(const std::string& option, std::string folder, bool force);

  // A new path in it: stem + extension, or stem-2 + extension, ...
  std::string claim(const std::string& stem, const std::string& extension);
  // Why such a file may not be written; nothing if it may.
  std::optional<Failure> objection(const std::string& path, const std::string& source) const;

 private:
  std::string folder_;
  bool force_;
  std::set<std::string> claimed_;
  std::map<std::string, int> last_;  // of each name that was asked for, the number given last
};

// Makes the folder for files of these names; a kUsage error, before the work, if they cannot be written or
// one is there and not `force`.
void claim_files(const std::string& option, const std::string& folder, const std::vector<std::string>& names,
                 bool force);

// What an input is called without folders and extension: "stdin" for "-".
std::string stem_of(const std::string& source);
// In lower case, with the point: ".jpg".
std::string extension_of(const std::string& source);

// Not the path itself, but one beside it that ends as it does: by that a writer of videos chooses the format.
std::string unfinished(const std::string& path);

// Gives such a file, once it is whole, its name; fails if it cannot have it.
void put_in_place(const std::string& temporary, const std::string& path);

}  // namespace fovea
