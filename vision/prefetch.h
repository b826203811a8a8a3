#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <thread>

#include "attention/base/parallel.h"
#include "vision/batch.h"

namespace fovea {

// Makes the next batch on a thread of its own, and on `workers` threads in all, while the caller works on
// this one. `make` is never called twice at once.
class Prefetch {
 public:
  using Make = std::function<Batch(int64_t at)>;
  Prefetch(Make make, int workers) : make_(std::move(make)), threads_(workers) {}
  ~Prefetch() { wait(); }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  // The batch at `at`; what make() throws comes out here. Then starts on `next`.
  Batch take(int64_t at, std::optional<int64_t> next);

 private:
  void start(int64_t at);
  void wait();

  Make make_;
  Threads threads_;
  std::thread thread_;
  int64_t coming_at_ = -1;  // what `coming_` or `thrown_` is about; -1: nothing
  Batch coming_;
  std::exception_ptr thrown_;
};

}  // namespace fovea
