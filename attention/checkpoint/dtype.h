#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fovea {

// How a checkpoint stores its values; in memory all are float32.
enum class Dtype { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU64, kU32, kU16, kU8, kBool };

std::optional<Dtype> dtype_named(std::string_view name);  // "BF16", as safetensors spells it
std::string_view dtype_name(Dtype dtype);
int64_t dtype_size(Dtype dtype);  // bytes a value

// float32 of `count` little-endian values at `stored`, which need not be aligned. Exact for F32, F16, BF16,
// BOOL and integers up to 24 bits; the others round to nearest.
void widen(Dtype dtype, const std::byte* stored, int64_t count, float* out);

// The way back, for F32, F16 and BF16 alone: each value to the nearest that the format has, of two the even
// one. A value beyond the format's largest becomes infinity.
void narrow(Dtype dtype, const float* values, int64_t count, std::byte* stored);

}  // namespace fovea
