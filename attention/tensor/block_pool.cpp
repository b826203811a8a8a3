#include "attention/tensor/block_pool.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace fovea {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr size_t kSmall = size_t{1} << 15;    // below, malloc is as good
constexpr size_t kStretch = size_t{1} << 20;  // asked of the system at least
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPools = false;  // so that the sanitizer sees every use after free
#else
constexpr bool kPools = true;
#endif

bool is_pooled(size_t bytes) {
  return kPools && bytes >= kSmall;
}

size_t whole_pages(size_t bytes) {
  static const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

// What may be held where no more than that was in use at once: some sizes fit badly into the place of others,
// and to move them would cost a page fault for each of their pages in every pass.
size_t with_slack(size_t used) {
  return used + std::max(used / 16, size_t{1} << 24);
}

}  // namespace

BlockPool& BlockPool::shared() {
  static BlockPool& pool = *new BlockPool;  // outlives every tensor
  return pool;
}

void* BlockPool::take(size_t bytes) {
  if (!is_pooled(bytes)) return ::operator new(bytes, kAlignment);
  bytes = whole_pages(bytes);
  const std::scoped_lock hold(lock_);
  auto found = free_.lower_bound({bytes, nullptr});
  if (found == free_.end()) found = grow(bytes);
  auto& [begin, range] = *ranges_.find(found->second);
  if (range.bytes > bytes) {
    list(begin + bytes, range.bytes - bytes);
    range.bytes = bytes;
  }
  range.node = free_.extract(found);
  used_ += bytes;
  most_used_ = std::max(most_used_, used_);
  return begin;
}

void BlockPool::give_back(void* block, size_t bytes) {
  if (!is_pooled(bytes)) return ::operator delete(block, kAlignment);
  const std::scoped_lock hold(lock_);
  auto range = ranges_.find(static_cast<char*>(block));
  used_ -= range->second.bytes;
  Free::node_type node = std::move(range->second.node);
  const auto before = range == ranges_.begin() ? range : std::prev(range);
  join_next(range);
  if (before != range && join_next(before)) range = before;
  node.value() = {range->second.bytes, range->first};
  free_.insert(std::move(node));
  if (held_ - used_ > most_free_) drop(used_ + most_free_);
}

void BlockPool::keep_up_to(size_t bytes) {
  const std::scoped_lock hold(lock_);
  most_free_ = bytes;
  drop(used_ + most_free_);
}

void BlockPool::release() {
  const std::scoped_lock hold(lock_);
  drop(0);
  most_used_ = used_;
#if defined(__GLIBC__)
  malloc_trim(0);  // else the heap keeps what lies below its top
#endif
}

size_t BlockPool::held_bytes() {
  const std::scoped_lock hold(lock_);
  return held_;
}

// A new stretch, for which free ranges make room.
BlockPool::Free::iterator BlockPool::grow(size_t bytes) {
  const size_t size = std::max(bytes, kStretch);
  drop(with_slack(std::max(most_used_, used_ + size)) - size);
  void* const stretch = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stretch == MAP_FAILED) throw std::bad_alloc();
  list(static_cast<char*>(stretch), size);
  held_ += size;
  return free_.find({size, static_cast<char*>(stretch)});
}

// As a free range: all of it or, if there is no memory for that, nothing.
void BlockPool::list(char* begin, size_t bytes) {
  Free one{{bytes, begin}};
  ranges_.emplace(begin, Range{bytes, {}});
  free_.merge(one);
}

// The range after this one becomes part of it, if they touch and neither is in use.
bool BlockPool::join_next(Ranges::iterator range) {
  const auto next = std::next(range);
  if (next == ranges_.end() || range->second.node || next->second.node) return false;
  if (range->first + range->second.bytes != next->first) return false;
  for (const auto& part : {range, next}) free_.erase({part->second.bytes, part->first});
  range->second.bytes += next->second.bytes;
  ranges_.erase(next);
  return true;
}

// Gives free ranges back, the largest first, until no more than that is held.
void BlockPool::drop(size_t most_held) {
  while (held_ > most_held && !free_.empty()) {
    const auto [bytes, begin] = *free_.rbegin();
    ::munmap(begin, bytes);
    held_ -= bytes;
    ranges_.erase(begin);
    free_.erase(std::prev(free_.end()));
  }
}

}  // namespace fovea
