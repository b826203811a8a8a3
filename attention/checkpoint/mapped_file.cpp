#include "attention/checkpoint/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "attention/base/error.h"

namespace fovea {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not block
  if (fd < 0)
    fail(path.string(), ": cannot open it (", std::generic_category().message(errno),
         "); check the path and its permissions");
  struct stat status {};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  void* data = nullptr;
  int error = 0;
  if (regular && status.st_size > 0) {
    data = ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) error = errno;
  }
  ::close(fd);
  if (!regular)
    fail(path.string(), ": not a regular file; name a .safetensors file or a checkpoint's folder");
  if (error)
    fail(path.string(), ": cannot map it (", std::generic_category().message(error), "); free some memory");
  data_ = static_cast<std::byte*>(data);
  size_ = static_cast<size_t>(status.st_size);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(data_, size_);
}

void MappedFile::drop(std::span<const std::byte> part) const {
  // A touched page brings neighbours with it, at most as many as a huge page holds, and on both sides.
  constexpr size_t kAround = 2 << 20;
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t first = static_cast<size_t>(part.data() - data_);
  const size_t begin = (first - std::min(first, kAround)) / page * page;
  const size_t end = std::min(first + part.size() + kAround, size_);
  ::madvise(data_ + begin, end - begin, MADV_DONTNEED);  // advice: nothing to do if refused
}

}  // namespace fovea
