#include "vision/prefetch.h"

#include <utility>

namespace fovea {

Batch Prefetch::take(int64_t at, std::optional<int64_t> next) {
  wait();
  const bool came = std::exchange(coming_at_, -1) == at;
  const std::exception_ptr thrown = std::exchange(thrown_, nullptr);
  if (came && thrown) std::rethrow_exception(thrown);
  Batch batch = came ? std::exchange(coming_, {}) : make_(at);
  if (next) start(*next);
  return batch;
}

void Prefetch::start(int64_t at) {
  coming_at_ = at;
  thread_ = std::thread([this, at] {
    try {
      threads_.run([&] { coming_ = make_(at); });
    } catch (...) {
      thrown_ = std::current_exception();
    }
  });
}

void Prefetch::wait() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace fovea
