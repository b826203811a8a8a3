#pragma once
#include <filesystem>
#include <utility>

namespace fovea {

// A folder that one process at a time writes to. Let go with this, and when the process ends, however it
// does.
class FolderLock {
 public:
  // Fails if another holds it. Where the file system knows no locks there is none.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  int fd_;
};

}  // namespace fovea
