#pragma once
#include <algorithm>
#include <iterator>
#include <string>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "models/image_network.h"

namespace fovea {

// One line of a table of families. `Plan` is a NetworkPlan or a DetectorPlan.
template <class Plan>
struct Family {
  const char* names;  // what may stand in config.json
  bool (*is)(const ModelSource& source);
  Plan (*plan)(const ModelSource& source);
};

template <class Plan, size_t kCount>
bool is_of(const Family<Plan> (&families)[kCount], const ModelSource& source) {
  return std::any_of(std::begin(families), std::end(families),
                     [&](const Family<Plan>& family) { return family.is(source); });
}

// Fails for a folder that holds none of the families that `known` lists.
[[noreturn]] void fail_unknown(const ModelSource& source, const std::string& known);
// The same failure, its line begun with the folder if it names no file.
[[noreturn]] void fail_in(const std::filesystem::path& folder, const Error& error);

// A model of another kind, and what to tell who takes it for one of these.
struct OtherKind {
  bool (*is)(const ModelSource& source);
  const char* advice;
};

// The plan of the first family that fits.
template <class Plan, size_t kCount>
Plan plan_of(const Family<Plan> (&families)[kCount], const ModelSource& source, const OtherKind& other) {
  try {
    for (const Family<Plan>& family : families)
      if (family.is(source)) return family.plan(source);
    if (other.is(source)) fail(source.folder.string(), ": ", other.advice);
    std::string known;
    for (const Family<Plan>& family : families)
      known += (known.empty() ? "" : ", ") + std::string(family.names);
    fail_unknown(source, known);
  } catch (const Error& error) {
    fail_in(source.folder, error);
  }
}

}  // namespace fovea
