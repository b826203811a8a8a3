#pragma once
#include <deque>
#include <string>
#include <vector>

#include "attention/checkpoint/name_map.h"

namespace fovea {

// Whose checkpoint says what: a table of names that may stand below others ("vit.", "resnet."), as
// transformers nests a backbone in its classifier; and so may ours.
class NameTable {
 public:
  NameTable() = default;
  NameTable(NameTable&&) = default;  // not copied: the rules point into the text
  NameTable& operator=(NameTable&&) = default;

  void add(NameRules rules, const std::string& below = "", const std::string& ours_below = "");
  NameRules rules() const { return rules_; }

 private:
  std::deque<std::string> text_;
  std::vector<NameRule> rules_;
};

}  // namespace fovea
