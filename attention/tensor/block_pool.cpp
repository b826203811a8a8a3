#include "attention/tensor/block_pool.h"

#include <malloc.h>

#include <bit>
#include <new>

namespace fovea {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr size_t kSmall = size_t{1} << 15;  // below, malloc is as good
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeeps = false;  // so that the sanitizer sees every use after free
#else
constexpr bool kKeeps = true;
#endif

}  // namespace

BlockPool& BlockPool::shared() {
  static BlockPool& pool = *new BlockPool;  // outlives every tensor
  return pool;
}

size_t BlockPool::rounded(size_t bytes) {
  if (bytes < kSmall) return bytes;
  const size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

void* BlockPool::take(size_t bytes) {
  if (bytes >= kSmall) {
    const std::scoped_lock hold(lock_);
    if (auto found = kept_.find(bytes); found != kept_.end() && !found->second.empty()) {
      void* block = found->second.back();
      found->second.pop_back();
      kept_bytes_ -= bytes;
      return block;
    }
  }
  return ::operator new(bytes, kAlignment);
}

void BlockPool::give_back(void* block, size_t bytes) {
  if (bytes >= kSmall) {
    const std::scoped_lock hold(lock_);
    if (kept_bytes_ + bytes > most_kept_) drop();  // sizes of a past that is over
    if (kKeeps && bytes <= most_kept_) try {
        kept_[bytes].push_back(block);
        kept_bytes_ += bytes;
        return;
      } catch (const std::bad_alloc&) {  // then it is not kept
      }
  }
  ::operator delete(block, kAlignment);
}

void BlockPool::keep_up_to(size_t bytes) {
  const std::scoped_lock hold(lock_);
  most_kept_ = bytes;
  if (kept_bytes_ > bytes) drop();
}

void BlockPool::release() {
  const std::scoped_lock hold(lock_);
  drop();
#if defined(__GLIBC__)
  malloc_trim(0);  // else the heap keeps what lies below its top
#endif
}

void BlockPool::drop() {
  for (auto& [bytes, blocks] : kept_)
    for (void* block : blocks) ::operator delete(block, kAlignment);
  kept_.clear();
  kept_bytes_ = 0;
}

}  // namespace fovea
