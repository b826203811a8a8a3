#include "attention/optim/optimiser.h"

#include <algorithm>

#include "attention/nn/name_prefix.h"

namespace fovea {
namespace {

bool is_spared(const Parameter& p, const std::vector<std::string>& spared) {
  if (p.value.shape().rank() <= 1) return true;
  const size_t dot = p.name.rfind('.');
  const std::string last = dot == std::string::npos ? p.name : p.name.substr(dot + 1);
  for (const char* word : {"bias", "token", "position"})
    if (last.find(word) != std::string::npos) return true;
  return lies_under(p.name, spared);
}

}  // namespace

std::vector<ParameterGroup> decay_groups(const std::vector<Parameter>& parameters, float weight_decay,
                                         const std::vector<std::string>& spared) {
  std::vector<ParameterGroup> groups(2);
  groups[0].weight_decay = weight_decay;
  for (const Parameter& p : parameters) groups[is_spared(p, spared) ? 1 : 0].parameters.push_back(p);
  return groups;
}

}  // namespace fovea
