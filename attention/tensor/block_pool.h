#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

namespace fovea {

// Blocks that tensors gave back, kept for the next ones of their size: a forward pass asks for the same sizes
// again and again, and fresh memory costs a page fault every 4 KiB (measured: 15 % of a ViT-B/16 forward).
// Safe between threads.
class BlockPool {
 public:
  static BlockPool& shared();
  static size_t rounded(size_t bytes);  // up to a size that blocks come in: at most an eighth more

  void* take(size_t bytes);  // rounded bytes, 64-byte aligned
  void give_back(void* block, size_t bytes);
  void release();  // gives what is kept to the system
  // How much is kept at most, 256 MiB unless said. Training gives everything back at the end of a step, and
  // takes the same again.
  void keep_up_to(size_t bytes);

 private:
  void drop();  // the lock is held
  std::mutex lock_;
  std::map<size_t, std::vector<void*>> kept_;  // by size
  size_t kept_bytes_ = 0, most_kept_ = size_t{1} << 28;
};

}  // namespace fovea
