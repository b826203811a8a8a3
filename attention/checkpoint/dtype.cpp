#include "attention/checkpoint/dtype.h"

#include <array>
#include <bit>
#include <cstring>

#include "attention/base/error.h"

namespace fovea {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

struct DtypeFacts {
  std::string_view name;
  int64_t size;
};
constexpr std::array<DtypeFacts, 13> kFacts{{{"F64", 8},
                                             {"F32", 4},
                                             {"F16", 2},
                                             {"BF16", 2},
                                             {"I64", 8},
                                             {"I32", 4},
                                             {"I16", 2},
                                             {"I8", 1},
                                             {"U64", 8},
                                             {"U32", 4},
                                             {"U16", 2},
                                             {"U8", 1},
                                             {"BOOL", 1}}};

// Shifting exponent and mantissa into place leaves the exponent's bias 112 short. The product mends that, and
// turns subnormals into normal numbers on the way.
float from_half(uint16_t half) {
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7FFF) << 13;
  uint32_t bits = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  if (magnitude >= 0x0F800000) bits = magnitude | 0x7F800000;  // infinity and NaN
  return std::bit_cast<float>(bits | static_cast<uint32_t>(half & 0x8000) << 16);
}

float from_bfloat(uint16_t value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}

// Adds half of what is cut off, a bit less where the even neighbour lies below. A carry goes up into the
// exponent, as it should.
uint32_t rounded(uint32_t bits, int cut) {
  return (bits + (1u << (cut - 1)) - 1 + (bits >> cut & 1)) >> cut;
}

uint16_t to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7FFFFFFF;
  uint32_t half = 0x7C00;  // infinity
  if (magnitude > 0x7F800000)
    half = 0x7E00;  // NaN
  else if (magnitude < 0x38800000)
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3F000000;  // steps of 2^-24
  else if (magnitude < 0x47800000)
    half = rounded(magnitude - 0x38000000, 13);
  return static_cast<uint16_t>(half | (bits >> 16 & 0x8000));
}

uint16_t to_bfloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const bool nan = (bits & 0x7FFFFFFF) > 0x7F800000;
  return static_cast<uint16_t>(nan ? bits >> 16 | 0x40 : rounded(bits, 16));
}

template <class Convert>
void convert_back(const float* values, int64_t count, std::byte* stored, Convert to_stored) {
  for (int64_t i = 0; i < count; ++i) {
    const uint16_t value = to_stored(values[i]);
    std::memcpy(stored + i * static_cast<int64_t>(sizeof(value)), &value, sizeof(value));
  }
}

template <class Stored, class Convert>
void convert(const std::byte* stored, int64_t count, float* out, Convert to_float) {
  for (int64_t i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, stored + i * static_cast<int64_t>(sizeof(Stored)), sizeof(Stored));
    out[i] = to_float(value);
  }
}

template <class Stored>
void cast(const std::byte* stored, int64_t count, float* out) {
  convert<Stored>(stored, count, out, [](Stored value) { return static_cast<float>(value); });
}

}  // namespace

std::optional<Dtype> dtype_named(std::string_view name) {
  for (size_t i = 0; i < kFacts.size(); ++i)
    if (kFacts[i].name == name) return static_cast<Dtype>(i);
  return std::nullopt;
}

std::string_view dtype_name(Dtype dtype) {
  return kFacts[static_cast<size_t>(dtype)].name;
}

int64_t dtype_size(Dtype dtype) {
  return kFacts[static_cast<size_t>(dtype)].size;
}

void widen(Dtype dtype, const std::byte* stored, int64_t count, float* out) {
  if (count == 0) return;
  switch (dtype) {
    case Dtype::kF64:
      return cast<double>(stored, count, out);
    case Dtype::kF32:
      std::memcpy(out, stored, static_cast<size_t>(count) * sizeof(float));
      return;
    case Dtype::kF16:
      return convert<uint16_t>(stored, count, out, from_half);
    case Dtype::kBF16:
      return convert<uint16_t>(stored, count, out, from_bfloat);
    case Dtype::kI64:
      return cast<int64_t>(stored, count, out);
    case Dtype::kI32:
      return cast<int32_t>(stored, count, out);
    case Dtype::kI16:
      return cast<int16_t>(stored, count, out);
    case Dtype::kI8:
      return cast<int8_t>(stored, count, out);
    case Dtype::kU64:
      return cast<uint64_t>(stored, count, out);
    case Dtype::kU32:
      return cast<uint32_t>(stored, count, out);
    case Dtype::kU16:
      return cast<uint16_t>(stored, count, out);
    case Dtype::kU8:
      return cast<uint8_t>(stored, count, out);
    case Dtype::kBool:
      return convert<uint8_t>(stored, count, out, [](uint8_t v) { return v ? 1.0f : 0.0f; });
  }
}

void narrow(Dtype dtype, const float* values, int64_t count, std::byte* stored) {
  if (count == 0) return;
  switch (dtype) {
    case Dtype::kF32:
      std::memcpy(stored, values, static_cast<size_t>(count) * sizeof(float));
      return;
    case Dtype::kF16:
      return convert_back(values, count, stored, to_half);
    case Dtype::kBF16:
      return convert_back(values, count, stored, to_bfloat);
    default:
      fail("values cannot be stored as ", dtype_name(dtype));
  }
}

}  // namespace fovea
