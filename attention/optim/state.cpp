#include "attention/optim/state.h"

#include <algorithm>
#include <set>

#include "attention/base/error.h"

namespace fovea {

RunState copy_of(const RunState& state) {
  RunState copy;
  for (const auto& [name, value] : state) copy[name] = value.clone();
  return copy;
}

void restore(const RunState& from, const RunState& to, const char* whose) {
  for (const auto& [name, value] : to) {
    const auto found = from.find(name);
    if (found == from.end()) fail(whose, ": the saved state lacks ", name, "; is it of another run?");
    if (found->second.shape() != value.shape())
      fail(whose, ": ", name, " is ", found->second.shape(), " in the saved state, ", value.shape(),
           " here; is it of another model?");
  }
  for (const auto& [name, value] : from)
    if (!to.contains(name))
      fail(whose, ": the saved state holds ", name, ", which is none here; is it of another run?");
  for (const auto& [name, value] : to) {
    Tensor shared = value;
    const std::span<const float> saved = from.at(name).values();
    std::copy(saved.begin(), saved.end(), shared.mutable_data());
  }
}

void expect_each_once(const std::vector<ParameterGroup>& groups, const char* whose) {
  std::set<std::string> seen;
  for (const ParameterGroup& group : groups)
    for (const Parameter& p : group.parameters)
      if (!seen.insert(p.name).second) fail(whose, ": parameter ", p.name, " is given twice");
}

}  // namespace fovea
