#include "vision/split.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "attention/base/error.h"
#include "attention/base/rng.h"

namespace fovea {
namespace {

// FNV-1a, then mixed with the seed.
uint64_t rank_of(const std::string& name, uint64_t seed) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return Rng(Rng(seed).next() ^ hash).next();
}

}  // namespace

Split hold_out(const ImageFolder& data, double share, uint64_t seed) {
  if (!(share >= 0 && share < 1))
    fail("split: the share to hold out is ", share, "; give one from 0 to below 1");
  std::vector<std::vector<std::pair<uint64_t, int64_t>>> ranked(data.classes().size());
  for (int64_t i = 0; i < data.size(); ++i)
    ranked[static_cast<size_t>(data.picture(i).label)].emplace_back(rank_of(data.picture(i).name, seed), i);
  Split split;
  for (auto& pictures : ranked) {
    std::ranges::sort(pictures, [&](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first
                                : data.picture(a.second).name < data.picture(b.second).name;
    });
    const auto count = static_cast<int64_t>(pictures.size());
    int64_t held_out = std::llround(share * static_cast<double>(count));
    if (share > 0) held_out = std::clamp<int64_t>(held_out, count > 1, std::max<int64_t>(count - 1, 0));
    for (int64_t i = 0; i < count; ++i)
      (i < held_out ? split.held_out : split.train).push_back(pictures[static_cast<size_t>(i)].second);
  }
  std::ranges::sort(split.train);
  std::ranges::sort(split.held_out);
  return split;
}

}  // namespace fovea
