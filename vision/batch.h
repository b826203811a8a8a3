#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "attention/tensor/tensor.h"
#include "vision/picture_failure.h"

namespace fovea {

struct Batch {
  Tensor images;                         // [B, H, W, 3], normalised; none if no picture could be read
  std::vector<int> labels;               // of each
  std::vector<int64_t> places;           // where each stands among all that the batches are made of
  Tensor targets;                        // [B, classes], if pictures were mixed; else none
  double own_share = 1;                  // of a picture in its mix with the one before it
  std::vector<PictureFailure> failures;  // pictures that are missing from the batch
};

struct BatchOptions {
  int64_t batch = 128;
  uint64_t seed = 0;
  bool drop_last = true;              // of an epoch, what does not fill a batch; evaluation keeps it
  bool stop_at_failure = false;       // throw where a picture cannot be read, instead of leaving it out
  int64_t memory = int64_t{1} << 30;  // bytes for decoded pictures
  bool prefetch = true;               // prepare the next batch while this one is used,
  int workers = 1;                    // on so many threads
};

}  // namespace fovea
