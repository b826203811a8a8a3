#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "attention/base/error.h"
#include "attention/checkpoint/mapped_file.h"
#include "attention/checkpoint/safetensors_header.h"
#include "attention/tensor/tensor.h"

namespace fovea {

// A .safetensors file, checked when opened, its tensors read one by one. Safe to share between threads.
class Safetensors {
 public:
  explicit Safetensors(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::vector<std::string> names() const;  // sorted
  bool has(std::string_view name) const { return header_.tensors.contains(name); }
  const Shape& shape(std::string_view name) const { return entry(name).shape; }
  Dtype dtype(std::string_view name) const { return entry(name).dtype; }
  std::span<const std::byte> bytes(std::string_view name) const;  // as stored; lives as long as this
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }

  // A float32 copy; of the file's own pages, at most a MiB is in memory at a time.
  Tensor read(std::string_view name) const;
  Tensor read_rows(std::string_view name, int64_t begin,
                   int64_t end) const;  // [begin, end) of the first axis

 private:
  const SafetensorsHeader::Entry& entry(std::string_view name) const;
  Tensor read_values(std::string_view name, int64_t first, const Shape& shape) const;

  std::filesystem::path path_;
  MappedFile file_;
  uint64_t data_begin_ = 0;
  SafetensorsHeader header_;
};

// A value is larger than what a file is to store it as.
struct BeyondDtype : Error {
  using Error::Error;
};

// Writes all of the tensors or, if something fails, nothing; as F32, F16 or BF16. Fails with
// BeyondDtype if one has a value that this does not hold. The same input gives the same bytes.
void save_safetensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {}, Dtype dtype = Dtype::kF32);

}  // namespace fovea
