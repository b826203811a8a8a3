#include "attention/checkpoint/safetensors.h"

#include <algorithm>
#include <cstring>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"

namespace fovea {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // as in the format's own library

// How many bytes the header takes, the 8 of its length included.
uint64_t checked_header_end(std::string_view file, const std::string& path) {
  if (file.starts_with("version https://git-lfs"))
    fail(path, ": a Git LFS pointer stands in place of the file; run 'git lfs pull', or download it again");
  if (file.size() < 8)
    fail(path, ": ", file.size(), " bytes are no safetensors file; it is incomplete, download it again");
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  if (length > kMaxHeader)
    fail(path, ": a header of ", length, " bytes is above the limit of ", kMaxHeader,
         "; this is no safetensors file, or it is damaged: download it again");
  if (length > file.size() - 8)
    fail(path, ": the header should have ", length, " bytes, the file has ", file.size(),
         "; it is incomplete, download it again");
  return 8 + length;
}

}  // namespace

Safetensors::Safetensors(const std::filesystem::path& path) : path_(path), file_(path) {
  const std::span<const std::byte> bytes = file_.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  data_begin_ = checked_header_end(text, path.string());
  header_ =
      parse_safetensors_header(text.substr(8, data_begin_ - 8), bytes.size() - data_begin_, path.string());
  file_.drop(bytes.first(data_begin_));
}

std::vector<std::string> Safetensors::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : header_.tensors) names.push_back(name);
  return names;
}

const SafetensorsHeader::Entry& Safetensors::entry(std::string_view name) const {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end())
    fail(path_.string(), ": there is no tensor ", shown_name(name), " among its ", header_.tensors.size(),
         "; check that the file belongs to this model");
  return found->second;
}

std::span<const std::byte> Safetensors::bytes(std::string_view name) const {
  const SafetensorsHeader::Entry& e = entry(name);
  return file_.bytes().subspan(data_begin_ + e.begin, e.end - e.begin);
}

Tensor Safetensors::read(std::string_view name) const {
  return read_values(name, 0, shape(name));
}

Tensor Safetensors::read_rows(std::string_view name, int64_t begin, int64_t end) const {
  const Shape& stored = shape(name);
  if (stored.rank() == 0 || begin < 0 || begin > end || end > stored[0])
    fail(path_.string(), ": rows ", begin, " to ", end, " are not in tensor ", shown_name(name), " ", stored);
  const Shape part = stored.with(0, end - begin);
  return read_values(name, begin * stored.with(0, 1).count(), part);
}

Tensor Safetensors::read_values(std::string_view name, int64_t first, const Shape& shape) const {
  const Dtype dtype = entry(name).dtype;
  const int64_t size = dtype_size(dtype), piece = (1 << 20) / size;
  const std::span<const std::byte> stored = bytes(name);
  Tensor tensor(shape);
  for (int64_t i = 0; i < tensor.count(); i += piece) {
    const int64_t n = std::min(piece, tensor.count() - i);
    const auto part = stored.subspan(static_cast<size_t>((first + i) * size), static_cast<size_t>(n * size));
    widen(dtype, part.data(), n, tensor.mutable_data() + i);
    file_.drop(part);
  }
  return tensor;
}

}  // namespace fovea
