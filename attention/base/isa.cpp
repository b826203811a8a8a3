#include "attention/base/isa.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <cstdlib>

#include "attention/base/error.h"

namespace fovea {
namespace {

struct Target {
  int64_t bit;
  const char* name;
};
constexpr Target kTargets[] = {{HWY_AVX3, "avx512"},
                               {HWY_AVX2, "avx2"},
                               {HWY_SSE4, "sse4"},
                               {HWY_NEON, "neon"},
                               {HWY_BASELINE_SCALAR, "scalar"}};
std::string_view current;

bool runs_here(const Target& target) {
  static const int64_t runnable = [] {  // asked once, before the choice below hides the others
    hwy::SetSupportedTargetsForTest(0);
    return hwy::SupportedTargets() & HWY_TARGETS;
  }();
  return (runnable & target.bit) || target.bit == HWY_BASELINE_SCALAR;
}

void choose(std::string_view name) {
  std::string known;
  for (const Target& target : kTargets) {
    if (!runs_here(target)) continue;
    if (name.empty() || name == target.name) {
      hwy::SetSupportedTargetsForTest(target.bit);
      hwy::GetChosenTarget().Update(target.bit);
      current = target.name;
      return;
    }
    known += std::string(known.empty() ? "" : ", ") + target.name;
  }
  fail("instruction set '", name, "' cannot run here; there are ", known);
}

bool choose_from_environment() {
  const char* name = std::getenv("FOVEA_ISA");
  choose(name ? name : "");
  return true;
}

}  // namespace

std::vector<std::string> runnable_isas() {
  std::vector<std::string> names;
  for (const Target& target : kTargets)
    if (runs_here(target)) names.emplace_back(target.name);
  return names;
}

std::string_view active_isa() {
  static const bool chosen = choose_from_environment();
  (void)chosen;
  return current;
}

void force_isa(std::string_view name) {
  active_isa();
  choose(name);
}

}  // namespace fovea
