#include "attention/base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "attention/base/error.h"

namespace fovea {

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  const std::string stem = path_.string() + "." + std::to_string(::getpid()) + ".";
  for (int i = 0; i < 100 && fd_ < 0; ++i) {  // another thread may be writing the same file
    temporary_ = stem + std::to_string(i) + ".tmp";
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0 && errno != EEXIST) break;
  }
  if (fd_ < 0) failed(errno);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failed(errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) failed(errno);
  if (::close(std::exchange(fd_, -1)) != 0) failed(errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) failed(errno);
  temporary_.clear();
  // The name is durable once its folder is. A file system that cannot do that has still got the file.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

void AtomicFile::failed(int error) const {
  fail(path_.string(), ": cannot write it (", std::generic_category().message(error),
       "); check the folder, its permissions and its free space");
}

void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text)));
}

}  // namespace fovea
