#pragma once
#include <functional>
#include <span>
#include <string_view>

#include "attention/nn/pass.h"
#include "attention/nn/weights.h"

namespace fovea {

// Any block that keeps the shape of the feature map it attends over: [B, H, W, C] -> the same.
using Block = std::function<Tensor(const Tensor& x, const Pass& pass)>;

struct BlockInfo {
  const char* name;  // as `fovea blocks` spells it
  const char* title;
  const char* paper;
  Block (*make)(int64_t channels, const Weights& w);
};

std::span<const BlockInfo> block_catalog();
// Fails on an unknown name, with the nearest and all there are.
Block make_block(std::string_view name, int64_t channels, const Weights& w);

}  // namespace fovea
