#include "vision/tiff_directory.h"

namespace fovea {
namespace {

constexpr uint16_t kOrientation = 274;

// Bytes of one value of a TIFF type; 0: not a type we read numbers of.
int width_of(uint64_t type) {
  switch (type) {
    case 1:
    case 2:
    case 6:
    case 7:
      return 1;
    case 3:
    case 8:
      return 2;
    case 4:
    case 9:
    case 13:
      return 4;
    case 16:
    case 17:
    case 18:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

std::optional<TiffDirectory> TiffDirectory::first(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) return {};
  TiffDirectory directory;
  directory.bytes_ = bytes;
  directory.big_endian_ = bytes[0] == 'M';
  const uint64_t version = *directory.number(2, 2);
  if ((version != 42 && version != 43) || !directory.read_fields(version == 43)) return {};
  return directory;
}

bool TiffDirectory::read_fields(bool big_tiff) {
  const int word = big_tiff ? 8 : 4;
  const std::optional<uint64_t> start = number(big_tiff ? 8 : 4, word);
  if (!start) return false;
  const std::optional<uint64_t> entries = number(*start, big_tiff ? 8 : 2);
  if (!entries || *entries > 65535) return false;
  uint64_t at = *start + (big_tiff ? 8 : 2);
  for (uint64_t i = 0; i < *entries; ++i, at += 4 + 2 * static_cast<uint64_t>(word)) {
    const std::optional<uint64_t> tag = number(at, 2), type = number(at + 2, 2), count = number(at + 4, word);
    const uint64_t inline_at = at + 4 + static_cast<uint64_t>(word);
    const std::optional<uint64_t> place = number(inline_at, word);
    if (!place) return false;
    const int width = width_of(*type);
    if (width == 0 || *count > bytes_.size()) continue;
    const bool fits = *count * static_cast<uint64_t>(width) <= static_cast<uint64_t>(word);
    fields_.push_back({static_cast<uint16_t>(*tag), width, *count, fits ? inline_at : *place});
  }
  return true;
}

std::optional<uint64_t> TiffDirectory::number(uint64_t at, int width) const {
  const auto size = static_cast<uint64_t>(width);
  if (at > bytes_.size() || bytes_.size() - at < size) return {};
  uint64_t value = 0;
  for (uint64_t i = 0; i < size; ++i) value = value << 8 | bytes_[at + (big_endian_ ? i : size - 1 - i)];
  return value;
}

const TiffDirectory::Field* TiffDirectory::find(uint16_t tag) const {
  for (const Field& field : fields_)
    if (field.tag == tag) return &field;
  return nullptr;
}

TiffDirectory::Numbers::Numbers(const TiffDirectory& directory, uint16_t tag)
    : directory_(directory), field_(directory.find(tag)) {}

uint64_t TiffDirectory::Numbers::count() const {
  return field_ ? field_->count : 0;
}

std::optional<uint64_t> TiffDirectory::Numbers::operator[](uint64_t index) const {
  if (index >= count() || field_->at > directory_.bytes_.size()) return {};
  return directory_.number(field_->at + index * static_cast<uint64_t>(field_->width), field_->width);
}

int64_t TiffDirectory::low_byte(uint16_t tag) const {
  const Field* field = find(tag);
  if (!field || !value(tag)) return -1;
  return static_cast<int64_t>(field->at) + (big_endian_ ? field->width - 1 : 0);
}

int TiffDirectory::orientation() const {
  const uint64_t stored = value(kOrientation).value_or(1);
  return stored >= 1 && stored <= 8 ? static_cast<int>(stored) : 1;
}

}  // namespace fovea
