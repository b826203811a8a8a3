#pragma once
#include <fstream>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/result.h"

namespace fovea {

struct InputArguments {
  std::vector<std::string> operands = {};  // files, directories, patterns; "-" is a picture on standard input
  bool recursive = false;       // also the directories in a directory; links to directories are not followed
  std::string files_from = {};  // a file of names, "-" for standard input; empty for none
  bool nul_separated = false;   // those names end in NUL, not in a newline

  // Whether they can only ever mean one picture.
  bool single() const;
};

// The pictures that arguments mean, in order, found as they are asked for: of a directory only the names are
// held. What cannot be found comes out as an input with its failure.
class Inputs {
 public:
  Inputs(InputArguments arguments, std::istream& standard_input);
  std::optional<Input> next();  // nothing: there are no more

 private:
  struct Level {                     // names still to come, the next one last
    std::string given;               // the directory as it was named
    std::string directory;           // ends in '/'; empty for the matches of a pattern
    std::vector<std::string> names;  // of a directory: "a.jpg", "sub/"
    int64_t count_before;
  };
  std::optional<Input> next_name(Level& level);
  std::optional<Input> close_level();
  std::optional<std::string> next_operand();
  std::optional<Input> open(const std::string& path, bool may_be_pattern);
  std::optional<Input> open_directory(const std::string& path);
  std::optional<Input> open_pattern(const std::string& pattern);
  Input made(std::string source);
  Input failed(const std::string& source, const char* code, const std::string& reason);

  InputArguments arguments_;
  size_t next_operand_ = 0;
  std::ifstream list_file_;
  std::istream* list_ = nullptr;
  std::vector<Level> levels_;  // the innermost directory last
  int64_t count_ = 0;
};

}  // namespace fovea
