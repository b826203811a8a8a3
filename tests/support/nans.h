#pragma once
#include <cstdint>

namespace fovea {

// Of several bits: the usual one, those that a damaged file is full of, and one with the least payload.
constexpr uint32_t kNaNs[] = {0x7FC00000, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FC00001};

}  // namespace fovea
