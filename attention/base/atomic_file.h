#pragma once
#include <filesystem>
#include <span>
#include <string_view>

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

// The whole of such a file.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace fovea
