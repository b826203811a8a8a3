#pragma once
#include <functional>
#include <optional>

#include "apps/result.h"
#include "attention/tensor/tensor.h"

namespace fovea {

struct PreparedImage {
  Result result;
  Tensor image;  // [1, H, W, 3], one size for all of a run; none if the input failed
};

// What happens to a picture on its way. `prepare` runs on many threads at once, the others on one at a time
// and in the order of the inputs.
struct StreamStages {
  std::function<std::optional<Input>()> read;
  std::function<PreparedImage(Input)> prepare;
  std::function<Tensor(const Tensor& images)> infer;  // [n, H, W, 3] -> [n, values]
  std::function<void(const Result&)> write;
};

struct StreamOptions {
  int64_t batch = 1;             // most pictures an infer() takes; what it is changes no result
  int tokens = 4;                // batches under way at once: what bounds the memory
  bool stop_at_failure = false;  // the first failure, in order, is the last result written
  std::function<bool()> interrupted = [] { return false; };  // true: read no more, finish what is under way
};

struct StreamCounts {
  int64_t inputs = 0, failures = 0;  // written
};

// Takes every input through all stages, on the threads of the calling arena.
StreamCounts stream_images(const StreamStages& stages, const StreamOptions& options);

}  // namespace fovea
