#include "attention/checkpoint/name_table.h"

namespace fovea {

void NameTable::add(NameRules rules, const std::string& below, const std::string& ours_below) {
  for (NameRule rule : rules) {
    if (!below.empty()) rule.stored = text_.emplace_back(below + rule.stored).c_str();
    if (!ours_below.empty() && rule.change != Change::kDrop)
      rule.ours = text_.emplace_back(ours_below + rule.ours).c_str();
    rules_.push_back(rule);
  }
}

}  // namespace fovea
