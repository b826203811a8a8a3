#pragma once
#include <cstddef>
#include <filesystem>
#include <span>

namespace fovea {

// A whole file, read-only in memory; pages come in as they are touched. The file must not shrink meanwhile.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  // Gives the memory of `part` and around it back to the system; whoever touches it again reads the file
  // again.
  void drop(std::span<const std::byte> part) const;

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace fovea
