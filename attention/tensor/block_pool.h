#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace fovea {

// Memory that tensors gave back, kept for the next ones: a forward pass asks for the same sizes again and
// again, and fresh memory costs a page fault every 4 KiB (measured: 15 % of a ViT-B/16 forward). What is free
// is cut to what is asked for and joined again, so that maps of many sizes take turns in the same memory:
// little more is held than was ever in use at once. Safe between threads.
class BlockPool {
 public:
  BlockPool() = default;
  ~BlockPool() { release(); }
  static BlockPool& shared();

  void* take(size_t bytes);  // 64-byte aligned
  void give_back(void* block, size_t bytes);
  void release();  // gives what is free to the system
  // How much stays free at most, 256 MiB unless said. Training gives everything back at the end of a step,
  // and takes the same again.
  void keep_up_to(size_t bytes);
  size_t held_bytes();  // of large blocks: in use and free

 private:
  using Free = std::set<std::pair<size_t, char*>>;  // by size, then address
  struct Range {
    size_t bytes;
    // While in use: what lists the range once it is free, so that giving back allocates nothing.
    Free::node_type node;
  };
  using Ranges = std::map<char*, Range>;  // by address

  // The lock is held in all of them.
  Free::iterator grow(size_t bytes);
  void list(char* begin, size_t bytes);
  bool join_next(Ranges::iterator range);
  void drop(size_t most_held);

  std::mutex lock_;
  Ranges ranges_;
  Free free_;
  size_t held_ = 0, used_ = 0, most_used_ = 0, most_free_ = size_t{1} << 28;
};

}  // namespace fovea
