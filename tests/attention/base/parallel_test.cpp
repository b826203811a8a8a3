#include "attention/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "attention/base/error.h"
#include "attention/base/isa.h"

namespace fovea {
namespace {

std::set<std::pair<int64_t, int64_t>> pieces(int threads, int64_t n, int64_t grain) {
  std::set<std::pair<int64_t, int64_t>> seen;
  std::mutex lock;
  Threads(threads).run([&] {
    parallel_for(n, grain, [&](int64_t begin, int64_t end) {
      const std::scoped_lock hold(lock);
      seen.insert({begin, end});
    });
  });
  return seen;
}

TEST(ParallelFor, CutsTheSamePiecesForAnyNumberOfThreads) {
  using Pieces = std::set<std::pair<int64_t, int64_t>>;
  for (int threads : {1, 2, 3, 8}) {
    EXPECT_EQ(pieces(threads, 10, 4), (Pieces{{0, 4}, {4, 8}, {8, 10}}));
    EXPECT_EQ(pieces(threads, 3, 4), (Pieces{{0, 3}}));
    EXPECT_EQ(pieces(threads, 0, 4), Pieces{});
  }
}

TEST(ParallelFor, LetsAnErrorOut) {
  EXPECT_THROW(Threads(2).run([] {
    parallel_for(100, 1, [](int64_t begin, int64_t) {
      if (begin == 57) fail("no");
    });
  }),
               Error);
}

TEST(ParallelFor, IsIsolatedFromOuterTasks) {
  // A thread that waits in the inner loop must not start another outer task: its scratch is in use.
  std::atomic<int> broken = 0;
  Threads(4).run([&] {
    parallel_for(64, 1, [&](int64_t, int64_t) {
      thread_local int depth = 0;
      if (++depth > 1) ++broken;
      std::atomic<int64_t> sum = 0;
      parallel_for(64, 1, [&](int64_t i, int64_t) { sum += i; });
      if (sum != 64 * 63 / 2) ++broken;
      --depth;
    });
  });
  EXPECT_EQ(broken, 0);
}

TEST(Isa, KnowsItsNamesAndRefusesOthers) {
  const std::string best = runnable_isas().front();
  EXPECT_EQ(runnable_isas().back(), "scalar");
  for (const std::string& name : runnable_isas()) {
    force_isa(name);
    EXPECT_EQ(active_isa(), name);
  }
  EXPECT_THROW(force_isa("abacus"), Error);
  force_isa("");
  EXPECT_EQ(active_isa(), best);
}

}  // namespace
}  // namespace fovea
