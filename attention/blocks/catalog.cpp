#include "attention/blocks/catalog.h"

#include "attention/base/error.h"
#include "attention/base/nearest_name.h"
#include "attention/blocks/cbam.h"
#include "attention/blocks/non_local.h"
#include "attention/blocks/squeeze_excite.h"

namespace fovea {
namespace {

// A block whose config says its channels and leaves the rest as the paper has it.
template <class B, class Config>
Block make(int64_t channels, const Weights& w) {
  return B(Config{.channels = channels}, w);
}

Block make_cbam(int64_t channels, const Weights& w) {
  return Cbam({.channel = {.channels = channels}}, w);
}

template <Affinity affinity>
Block make_non_local(int64_t channels, const Weights& w) {
  return NonLocal({.channels = channels, .affinity = affinity}, w);
}

constexpr BlockInfo kBlocks[] = {
    {"se", "Squeeze-and-Excitation", "arXiv:1709.01507", make<SqueezeExcite, SqueezeExciteConfig>},
    {"effective-se", "Effective Squeeze-and-Excitation", "arXiv:1911.06667",
     make<EffectiveSqueezeExcite, EffectiveSqueezeExciteConfig>},
    {"cbam", "Convolutional Block Attention Module", "arXiv:1807.06521", make_cbam},
    {"non-local", "Non-local, embedded Gaussian", "arXiv:1711.07971",
     make_non_local<Affinity::kEmbeddedGaussian>},
    {"non-local-gaussian", "Non-local, Gaussian", "arXiv:1711.07971", make_non_local<Affinity::kGaussian>},
    {"non-local-dot-product", "Non-local, dot product", "arXiv:1711.07971",
     make_non_local<Affinity::kDotProduct>},
    {"non-local-concatenation", "Non-local, concatenation", "arXiv:1711.07971",
     make_non_local<Affinity::kConcatenation>},
};

}  // namespace

std::span<const BlockInfo> block_catalog() {
  return kBlocks;
}

Block make_block(std::string_view name, int64_t channels, const Weights& w) {
  std::vector<std::string> names;
  for (const BlockInfo& info : kBlocks) {
    if (info.name == name) return info.make(channels, w);
    names.emplace_back(info.name);
  }
  std::string all;
  for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
  const std::string nearest = nearest_name(name, names);
  fail("block '", name, "' is unknown; ", nearest.empty() ? "" : "did you mean '" + nearest + "'? ",
       "There are ", all);
}

}  // namespace fovea
