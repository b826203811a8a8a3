#include "models/training/make_optimiser.h"

#include "attention/nn/name_prefix.h"
#include "attention/optim/adamw.h"
#include "attention/optim/muon.h"
#include "attention/optim/sgd.h"

namespace fovea {
namespace {

// Of these groups, those whose parameters have a rate of their own.
std::vector<ParameterGroup> with_rates(const std::vector<ParameterGroup>& groups,
                                       const std::map<std::string, float>& rates) {
  const auto rate_of = [&](const std::string& name) {
    float rate = 1;
    for (const auto& [prefix, times] : rates)
      if (lies_under(name, {prefix})) rate *= times;
    return rate;
  };
  std::vector<ParameterGroup> result;
  for (const ParameterGroup& group : groups) {
    std::map<float, ParameterGroup> parts;
    for (const Parameter& parameter : group.parameters) {
      const float rate = rate_of(parameter.name);
      parts[rate].parameters.push_back(parameter);
    }
    for (auto& [rate, part] : parts)
      result.push_back({std::move(part.parameters), group.weight_decay, group.rate * rate});
  }
  return result;
}

// Rows that are looked up or added, not multiplied: queries, and what a level or a place adds.
bool is_table(const std::string& name) {
  for (const char* word : {"queries", "patterns", "latent", "level_embed", "pos_embed"})
    if (name.find(word) != std::string::npos) return true;
  return false;
}

// What Muon takes, and what it leaves to AdamW: heads, tables, and all that does not decay.
std::pair<std::vector<Parameter>, std::vector<Parameter>> hidden_matrices(
    const std::vector<Parameter>& parameters, std::vector<std::string> spared) {
  for (const Parameter& p : parameters)
    if (is_table(p.name)) spared.push_back(p.name);
  const std::vector<ParameterGroup> groups = decay_groups(parameters, 0, spared);
  return {groups[0].parameters, groups[1].parameters};
}

}  // namespace

std::unique_ptr<Optimiser> make_optimiser(const TrainerOptions& options,
                                          const std::vector<Parameter>& parameters,
                                          const std::vector<std::string>& heads) {
  const auto groups_of = [&](const std::vector<Parameter>& some) {
    return with_rates(decay_groups(some, options.weight_decay), options.rates);
  };
  using Method = TrainerOptions::Method;
  if (options.method == Method::kAdamW) return std::make_unique<AdamW>(groups_of(parameters));
  if (options.method == Method::kMuon) {
    const auto [matrices, others] = hidden_matrices(parameters, heads);
    return std::make_unique<Muon>(groups_of(matrices), groups_of(others), MuonConfig{options.momentum});
  }
  return std::make_unique<Sgd>(groups_of(parameters),
                               SgdConfig{.momentum = options.momentum, .nesterov = options.momentum > 0});
}

}  // namespace fovea
