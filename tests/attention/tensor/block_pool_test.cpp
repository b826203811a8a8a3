#include "attention/tensor/block_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "attention/base/rng.h"

namespace fovea {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// Under the address sanitizer every block comes from it, so that it sees each use after free.
class BlockPoolTest : public testing::Test {
 protected:
  void SetUp() override {
    void* const block = pool_.take(kMiB);
    const bool pools = pool_.held_bytes() > 0;
    pool_.give_back(block, kMiB);
    pool_.release();
    if (!pools) GTEST_SKIP() << "this build takes every block from the system";
  }
  BlockPool pool_;
};

TEST_F(BlockPoolTest, CutsAndJoinsWhatIsFree) {
  void* const whole = pool_.take(12 * kMiB);
  pool_.give_back(whole, 12 * kMiB);
  std::vector<void*> thirds;
  for (int i = 0; i < 3; ++i) thirds.push_back(pool_.take(4 * kMiB));
  EXPECT_EQ(pool_.held_bytes(), 12 * kMiB);
  for (int i : {0, 2, 1}) pool_.give_back(thirds[static_cast<size_t>(i)], 4 * kMiB);
  EXPECT_EQ(pool_.take(12 * kMiB), whole);
  EXPECT_EQ(pool_.held_bytes(), 12 * kMiB);
  pool_.give_back(whole, 12 * kMiB);
  pool_.release();
  EXPECT_EQ(pool_.held_bytes(), 0u);
}

TEST_F(BlockPoolTest, TakesTheSmallestThatFits) {
  void *const large = pool_.take(8 * kMiB), *const small = pool_.take(2 * kMiB);
  pool_.give_back(large, 8 * kMiB);
  void* const between = pool_.take(kMiB);  // keeps what is left of the large one apart
  EXPECT_EQ(between, large);
  pool_.give_back(small, 2 * kMiB);
  void* const again = pool_.take(2 * kMiB - 5000);
  EXPECT_EQ(again, small);
  pool_.give_back(again, 2 * kMiB - 5000);
  pool_.give_back(between, kMiB);
}

// Sizes that never come again do not add up.
TEST_F(BlockPoolTest, HoldsLittleMoreThanWasInUse) {
  for (size_t size = 40 * kMiB; size < 80 * kMiB; size += kMiB) {
    void *const one = pool_.take(size), *const other = pool_.take(size / 3);
    EXPECT_LE(pool_.held_bytes(), size + size / 3 + 17 * kMiB);
    pool_.give_back(one, size);
    pool_.give_back(other, size / 3);
  }
  pool_.keep_up_to(0);
  EXPECT_EQ(pool_.held_bytes(), 0u);
}

TEST_F(BlockPoolTest, KeepsNoMoreThanItIsTold) {
  pool_.keep_up_to(10 * kMiB);
  void *const small = pool_.take(6 * kMiB), *const large = pool_.take(60 * kMiB);
  pool_.give_back(large, 60 * kMiB);
  EXPECT_EQ(pool_.held_bytes(), 6 * kMiB);
  pool_.give_back(small, 6 * kMiB);
  EXPECT_EQ(pool_.held_bytes(), 6 * kMiB);
}

// Blocks of any size, from several threads: none overlaps another, each lies on a cache line, and all of the
// memory goes back.
TEST(BlockPool, GivesEachBlockToOneHolder) {
  BlockPool pool;
  pool.keep_up_to(4 * kMiB);
  const auto work = [&pool](uint64_t seed) {
    struct Held {
      unsigned char* block;
      size_t bytes;
      unsigned char mark;
    };
    std::vector<Held> held;
    Rng rng(seed);
    for (int step = 0; step < 2000; ++step) {
      const uint64_t draw = rng.next();
      if (held.size() < 12 && draw % 2 == 0) {
        const size_t bytes = 1 + (draw >> 8) % (draw % 3 == 0 ? 300'000 : 60'000);
        const auto mark = static_cast<unsigned char>(draw >> 32);
        auto* const block = static_cast<unsigned char*>(pool.take(bytes));
        ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
        std::memset(block, mark, bytes);
        held.push_back({block, bytes, mark});
      } else if (!held.empty()) {
        std::swap(held[(draw >> 8) % held.size()], held.back());
        const Held last = held.back();
        held.pop_back();
        for (size_t i = 0; i < last.bytes; i += 997) ASSERT_EQ(last.block[i], last.mark);
        ASSERT_EQ(last.block[last.bytes - 1], last.mark);
        pool.give_back(last.block, last.bytes);
      }
    }
    for (const Held& last : held) pool.give_back(last.block, last.bytes);
  };
  std::thread first(work, 1), second(work, 2);
  work(3);
  first.join();
  second.join();
  pool.release();
  EXPECT_EQ(pool.held_bytes(), 0u);
}

}  // namespace
}  // namespace fovea
