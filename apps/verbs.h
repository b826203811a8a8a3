#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/console.h"

namespace fovea {

using Arguments = std::vector<std::string>;  // those after the verb

struct Verb {
  const char* name;  // "classify", "models show"
  const char* summary;
  int (*run)(const Arguments& arguments, Console& console);  // -> exit code
};

// All there are, in the order of `fovea help`.
std::span<const Verb> verbs();
const Verb* find_verb(std::string_view name);  // null if there is none
std::vector<std::string> verb_names();

}  // namespace fovea
