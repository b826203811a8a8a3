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
  bool drains = false;  // looks at received_signal() as it works; the others end at once
};

// All there are, in the order of `fovea help`.
std::span<const Verb> verbs();
const Verb* find_verb(std::string_view name);  // null if there is none
std::vector<std::string> verb_names();
std::vector<std::string> longer_verbs(
    const std::string& word);  // of "train": "train classify", "train detect"

}  // namespace fovea
