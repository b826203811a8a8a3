#include "attention/checkpoint/name_map.h"

#include <algorithm>
#include <array>
#include <optional>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "attention/checkpoint/name_pattern.h"

namespace fovea {
namespace {

struct Found {
  const NameRule* rule;
  PatternMatch match;
  size_t part = 0;  // which third of a split
};

bool is_read(const NameRule& rule) {
  return rule.change != Change::kDrop && rule.change != Change::kTwin;
}

std::optional<Found> find_stored(NameRules rules, const std::string& name) {
  for (const NameRule& rule : rules)
    if (auto match = match_pattern(rule.stored, name)) return Found{&rule, std::move(*match)};
  return std::nullopt;
}

std::optional<Found> find_ours(NameRules rules, const std::string& name) {
  for (const NameRule& rule : rules) {
    if (!is_read(rule)) continue;
    const std::vector<std::string> patterns = alternatives(rule.ours);
    for (size_t part = 0; part < patterns.size(); ++part)
      if (auto match = match_pattern(patterns[part], name)) return Found{&rule, std::move(*match), part};
  }
  return std::nullopt;
}

void add(ParameterMap& map, const Checkpoint& checkpoint, const std::string& ours,
         StoredParameter parameter) {
  const auto [place, added] = map.try_emplace(ours, std::move(parameter));
  if (!added)
    fail(checkpoint.path().string(), ": ", shown_name(place->second.origin), " and ",
         shown_name(parameter.origin), " are both our ", shown_name(ours),
         "; remove one of them from the checkpoint");
}

void add_split(ParameterMap& map, const Checkpoint& checkpoint, const std::string& name, const Found& found) {
  const Shape& whole = checkpoint.shape(name);
  if (whole.rank() == 0 || whole[0] % 3 != 0)
    fail(checkpoint.path().string(), ": tensor ", shown_name(name), " ", whole,
         " cannot be cut into three equal parts; check that the checkpoint belongs to this model");
  const int64_t rows = whole[0] / 3;
  int64_t begin = 0;
  for (const std::string& pattern : alternatives(found.rule->ours)) {
    const auto read = [checkpoint, name, begin, rows] {
      return checkpoint.read_rows(name, begin, begin + rows);
    };
    add(map, checkpoint, fill_pattern(pattern, found.match), {whole.with(0, rows), read, name});
    begin += rows;
  }
}

Tensor merge(const std::string& name, const std::array<Tensor, 3>& parts) {
  for (const Tensor& part : parts)
    if (!part || part.shape().rank() == 0 || part.shape() != parts[0].shape())
      fail("saving ", shown_name(name), ": its three parts are not all there, or differ in shape");
  Tensor whole(parts[0].shape().with(0, 3 * parts[0].dim(0)));
  float* out = whole.mutable_data();
  for (const Tensor& part : parts) out = std::copy_n(part.data(), part.count(), out);
  return whole;
}

void add_twins(NameRules rules, const std::map<std::string, Tensor>& ours,
               std::map<std::string, Tensor>& stored) {
  for (const NameRule& rule : rules) {
    if (rule.change != Change::kTwin) continue;
    for (const auto& [name, tensor] : ours)
      if (const auto match = match_pattern(rule.ours, name))
        stored[fill_pattern(rule.stored, *match)] = tensor;
  }
}

}  // namespace

bool matches(NameRules rules, const std::vector<std::string>& stored_names) {
  return std::all_of(stored_names.begin(), stored_names.end(),
                     [&](const std::string& name) { return find_stored(rules, name).has_value(); });
}

ParameterMap map_names(const Checkpoint& checkpoint, NameRules rules) {
  ParameterMap map;
  for (const std::string& name : checkpoint.names()) {
    const auto found = find_stored(rules, name);
    const Change change = found ? found->rule->change : Change::kRename;
    if (found && !is_read(*found->rule)) continue;
    if (change == Change::kSplit3) {
      add_split(map, checkpoint, name, *found);
      continue;
    }
    const std::string ours = found ? fill_pattern(found->rule->ours, found->match) : name;
    const auto read = [checkpoint, name, change] { return changed(change, checkpoint.read(name)); };
    add(map, checkpoint, ours, {changed_shape(change, checkpoint.shape(name)), read, name});
  }
  return map;
}

std::string stored_name(NameRules rules, const std::string& ours) {
  const auto found = find_ours(rules, ours);
  return found ? fill_pattern(found->rule->stored, found->match) : ours;
}

std::map<std::string, Tensor> to_stored(NameRules rules, const std::map<std::string, Tensor>& ours,
                                        const std::map<std::string, Shape>& stored_shapes) {
  std::map<std::string, Tensor> stored;
  std::map<std::string, std::array<Tensor, 3>> splits;
  for (const auto& [name, tensor] : ours) {
    const auto found = find_ours(rules, name);
    const std::string target = found ? fill_pattern(found->rule->stored, found->match) : name;
    const Change change = found ? found->rule->change : Change::kRename;
    if (change == Change::kSplit3) {
      splits[target][found->part] = tensor;
      continue;
    }
    const auto shape = stored_shapes.find(target);
    try {
      stored[target] = unchanged(change, tensor,
                                 shape == stored_shapes.end() ? std::nullopt : std::optional(shape->second));
    } catch (const Error& error) {
      fail("saving ", shown_name(target), ": ", error.what(), "; pass the shape that it has in a checkpoint");
    }
  }
  for (const auto& [name, parts] : splits) stored[name] = merge(name, parts);
  add_twins(rules, ours, stored);
  return stored;
}

}  // namespace fovea
