#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fovea {

// The first directory of a TIFF structure: a TIFF file (classic or BigTIFF) or an EXIF block.
class TiffDirectory {
  struct Field {
    uint16_t tag;
    int width;  // bytes a number
    uint64_t count, at;
  };

 public:
  // Nothing if `bytes` does not hold one. `bytes` must outlive it.
  static std::optional<TiffDirectory> first(std::span<const uint8_t> bytes);

  // The numbers of one tag. They must not outlive the directory.
  class Numbers {
   public:
    uint64_t count() const;                                    // 0: no such tag
    std::optional<uint64_t> operator[](uint64_t index) const;  // nothing: no such one, or outside the bytes

   private:
    friend class TiffDirectory;
    Numbers(const TiffDirectory& directory, uint16_t tag);
    const TiffDirectory& directory_;
    const Field* field_;
  };
  Numbers numbers(uint16_t tag) const { return {*this, tag}; }
  std::optional<uint64_t> value(uint16_t tag) const { return numbers(tag)[0]; }  // the first one
  int64_t low_byte(uint16_t tag) const;  // where the low byte of its first number stands; -1: no such tag
  int orientation() const;               // tag 274 if it is 1..8, else 1

 private:
  std::optional<uint64_t> number(uint64_t at, int width) const;
  bool read_fields(bool big_tiff);
  const Field* find(uint16_t tag) const;

  std::span<const uint8_t> bytes_;
  bool big_endian_ = false;
  std::vector<Field> fields_;
};

}  // namespace fovea
