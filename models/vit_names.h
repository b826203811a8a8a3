#pragma once
#include <deque>
#include <string>
#include <vector>

#include "attention/checkpoint/name_map.h"

namespace fovea {

// Whose checkpoint says what: a table of names, and what stands before each of them ("vit.", "deit." or
// nothing, as transformers nests a backbone in its classifier).
class VitNames {
 public:
  VitNames(VitNames&&) = default;  // not copied: the rules point into the text
  VitNames& operator=(VitNames&&) = default;
  static VitNames transformers(const std::string& backbone);  // "vit.", "deit.", "" for a bare backbone
  static VitNames timm();
  static VitNames torchvision();

  NameRules rules() const { return rules_; }

 private:
  VitNames() = default;
  std::deque<std::string> text_;
  std::vector<NameRule> rules_;
};

}  // namespace fovea
