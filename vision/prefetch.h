#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "attention/base/parallel.h"

namespace fovea {

// Makes the next batch on a thread of its own, and on `workers` threads in all, while the caller works on
// this one. `make` is never called twice at once.
template <class Item>
class Prefetch {
 public:
  using Make = std::function<Item(int64_t at)>;
  Prefetch(Make make, int workers) : make_(std::move(make)), threads_(workers) {}
  ~Prefetch() { wait(); }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  // The batch at `at`; what make() throws comes out here. Then starts on `next`.
  Item take(int64_t at, std::optional<int64_t> next) {
    wait();
    const bool came = std::exchange(coming_at_, -1) == at;
    const std::exception_ptr thrown = std::exchange(thrown_, nullptr);
    if (came && thrown) std::rethrow_exception(thrown);
    Item item = came ? std::exchange(coming_, {}) : make_(at);
    if (next) start(*next);
    return item;
  }

 private:
  void start(int64_t at) {
    coming_at_ = at;
    thread_ = std::thread([this, at] {
      try {
        threads_.run([&] { coming_ = make_(at); });
      } catch (...) {
        thrown_ = std::current_exception();
      }
    });
  }
  void wait() {
    if (thread_.joinable()) thread_.join();
  }

  Make make_;
  Threads threads_;
  std::thread thread_;
  int64_t coming_at_ = -1;  // what `coming_` or `thrown_` is about; -1: nothing
  Item coming_;
  std::exception_ptr thrown_;
};

}  // namespace fovea
