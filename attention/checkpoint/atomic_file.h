#pragma once
#include <filesystem>
#include <span>

namespace fovea {

// A file that appears under its name only once it is whole and on disk: written beside it, then renamed.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // removes what was written, unless commit() was called
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  [[noreturn]] void failed(int error) const;

  std::filesystem::path path_, temporary_;
  int fd_ = -1;
};

}  // namespace fovea
