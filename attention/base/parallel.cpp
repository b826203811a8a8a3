#include "attention/base/parallel.h"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>

#if defined(__SANITIZE_THREAD__)
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>
#endif

namespace fovea {

#if defined(__SANITIZE_THREAD__)
// The thread sanitizer cannot see into TBB and takes its hand-overs for races. Under it the same pieces go to
// plain threads, so that what it reports is ours.
void run_pieces(int64_t n, int64_t grain, PieceCall call, const void* body) {
  grain = std::max<int64_t>(grain, 1);
  std::atomic<int64_t> next = 0;
  std::exception_ptr thrown;
  std::mutex lock;
  const auto work = [&] {
    try {
      for (int64_t begin; (begin = next.fetch_add(grain)) < n;) call(body, begin, std::min(n, begin + grain));
    } catch (...) {
      const std::scoped_lock hold(lock);
      thrown = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3 && n > grain; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (thrown) std::rethrow_exception(thrown);
}
#else
void run_pieces(int64_t n, int64_t grain, PieceCall call, const void* body) {
  grain = std::max<int64_t>(grain, 1);
  const int64_t pieces = (n + grain - 1) / grain;
  if (pieces <= 0) return;
  if (pieces == 1) return call(body, 0, n);
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(
        tbb::blocked_range<int64_t>(0, pieces, 1),
        [&](const tbb::blocked_range<int64_t>& range) {
          for (int64_t i = range.begin(); i < range.end(); ++i)
            call(body, i * grain, std::min(n, (i + 1) * grain));
        },
        tbb::simple_partitioner());
  });
}
#endif

struct Threads::State {
  explicit State(int count)
      : limit(tbb::global_control::max_allowed_parallelism,
              static_cast<size_t>(std::max(count, tbb::info::default_concurrency()))),
        arena(count) {}
  tbb::global_control limit;  // lets an arena be wider than the machine, as the determinism tests want
  tbb::task_arena arena;
};

Threads::Threads(int count)
    : state_(std::make_unique<State>(count > 0 ? count : tbb::info::default_concurrency())) {}
Threads::~Threads() = default;

int Threads::count() const {
  return state_->arena.max_concurrency();
}

void Threads::execute(void (*call)(const void*), const void* work) {
#if defined(__SANITIZE_THREAD__)
  call(work);
#else
  state_->arena.execute([&] { call(work); });
#endif
}

}  // namespace fovea
