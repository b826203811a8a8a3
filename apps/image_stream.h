#pragma once
#include <functional>
#include <optional>
#include <span>

#include "apps/result.h"
#include "vision/framed_batch.h"

namespace fovea {

struct PreparedImage {
  Result result;
  FramedBatch frame;  // of this picture alone; no images if the input failed
};

// What happens to a picture on its way. `prepare` runs on many threads at once, the others on one at a time
// and in the order of the inputs.
struct StreamStages {
  std::function<std::optional<Input>()> read;
  std::function<PreparedImage(Input)> prepare;
  // Pictures of one size, and where each one's answer goes. An Error fails the picture that it is thrown for.
  std::function<void(const FramedBatch& pictures, std::span<Result* const> results)> infer;
  std::function<void(Result&)> write;  // may still fail it
};

struct StreamOptions {
  int64_t batch = 1;             // most pictures an infer() takes; what it is changes no result
  int tokens = 4;                // batches under way at once: what bounds the memory
  bool stop_at_failure = false;  // the first failure, in order, is the last result written
  std::function<bool()> interrupted = [] { return false; };  // true: read no more, finish what is under way
};

struct StreamCounts {
  int64_t inputs = 0, failures = 0;  // written; a video is one input, whatever its frames
};

// Takes every input through all stages, on the threads of the calling arena.
StreamCounts stream_images(const StreamStages& stages, const StreamOptions& options);

}  // namespace fovea
