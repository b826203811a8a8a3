#pragma once
#include <cstdint>
#include <memory>

namespace fovea {

// The type-erased bodies of the two templates below, so that no header of ours includes TBB.
using PieceCall = void (*)(const void* body, int64_t begin, int64_t end);
void run_pieces(int64_t n, int64_t grain, PieceCall call, const void* body);

// Calls body(begin, end) on pieces of [0, n), each at most `grain` long, in the caller's arena. The pieces
// depend on n and grain alone, never on the number of threads. Isolated: a thread that waits here starts no
// task from outside this loop, so what it holds (a scratch buffer) stays its own.
template <class Body>
void parallel_for(int64_t n, int64_t grain, const Body& body) {
  run_pieces(
      n, grain, [](const void* b, int64_t begin, int64_t end) { (*static_cast<const Body*>(b))(begin, end); },
      &body);
}

// The threads that work runs on. An application makes one; the library never does.
class Threads {
 public:
  explicit Threads(int count = 0);  // 0: as many as this process may use
  ~Threads();
  int count() const;

  // Runs work() on these threads and returns when it is done; what it throws comes out here.
  template <class Work>
  void run(const Work& work) {
    execute([](const void* w) { (*static_cast<const Work*>(w))(); }, &work);
  }

 private:
  void execute(void (*call)(const void*), const void* work);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fovea
