#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fovea {

// The first directory of a TIFF structure: a TIFF file (classic or BigTIFF) or an EXIF block.
class TiffDirectory {
 public:
  // Nothing if `bytes` does not hold one. `bytes` must outlive it.
  static std::optional<TiffDirectory> first(std::span<const uint8_t> bytes);

  // The index-th number of a tag; nothing if there is no such tag or number, or it lies outside the bytes.
  std::optional<uint64_t> value(uint16_t tag, uint64_t index = 0) const;
  uint64_t count(uint16_t tag) const;    // numbers of a tag; 0: no such tag
  int64_t low_byte(uint16_t tag) const;  // where the low byte of its first number stands; -1: no such tag
  int orientation() const;               // tag 274 if it is 1..8, else 1

 private:
  struct Field {
    uint16_t tag;
    int width;  // bytes a number
    uint64_t count, at;
  };
  std::optional<uint64_t> number(uint64_t at, int width) const;
  bool read_fields(bool big_tiff);
  const Field* find(uint16_t tag) const;

  std::span<const uint8_t> bytes_;
  bool big_endian_ = false;
  std::vector<Field> fields_;
};

}  // namespace fovea
