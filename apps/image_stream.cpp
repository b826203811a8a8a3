#include "apps/image_stream.h"

#include <tbb/parallel_pipeline.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

#include "apps/exit_code.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

struct Batch {
  std::vector<Input> inputs;
  std::vector<PreparedImage> pictures;
};
using BatchPointer = std::shared_ptr<Batch>;  // TBB copies what goes from filter to filter

Tensor stack(std::span<PreparedImage* const> pictures, Tensor FramedBatch::*part) {
  const Tensor& first = pictures[0]->frame.*part;
  if (pictures.size() == 1 || !first) return first;
  Tensor stacked(first.shape().with(0, std::ssize(pictures)));
  float* to = stacked.mutable_data();
  for (const PreparedImage* picture : pictures)
    to = std::ranges::copy((picture->frame.*part).values(), to).out;
  return stacked;
}

// A picture that the model cannot take fails alone: the others of its batch go through without it.
void infer_together(const StreamStages& stages, std::span<PreparedImage* const> pictures) {
  std::vector<Result*> results;
  for (PreparedImage* picture : pictures) results.push_back(&picture->result);
  const auto start = std::chrono::steady_clock::now();
  try {
    stages.infer({stack(pictures, &FramedBatch::images), stack(pictures, &FramedBatch::padding)}, results);
  } catch (const ProgramError&) {
    throw;
  } catch (const Error& error) {
    if (pictures.size() > 1) {
      for (PreparedImage* picture : pictures) infer_together(stages, {&picture, 1});
      return;
    }
    Input& input = results[0]->input;
    input.failure = Failure{"not_possible", input.source + ": " + error.what()};
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  for (PreparedImage* picture : pictures) {
    picture->result.timing.infer = took.count() / static_cast<double>(pictures.size());
    picture->frame = {};
  }
}

// Pictures go together only if none must be padded for it, so that no result depends on its neighbours.
bool alike(const FramedBatch& a, const FramedBatch& b) {
  return a.images.shape() == b.images.shape() && !a.padding == !b.padding;
}

void infer(const StreamStages& stages, std::vector<PreparedImage>& pictures) {
  std::vector<PreparedImage*> left;
  for (PreparedImage& picture : pictures)
    if (picture.frame.images) left.push_back(&picture);
  while (!left.empty()) {
    const auto others = std::stable_partition(left.begin(), left.end(), [&](const PreparedImage* picture) {
      return alike(picture->frame, left[0]->frame);
    });
    infer_together(stages, std::span(left.begin(), others));
    left.erase(left.begin(), others);
  }
}

void prepare(const StreamStages& stages, Batch& batch) {
  batch.pictures.resize(batch.inputs.size());
  parallel_for(static_cast<int64_t>(batch.inputs.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Input& input = batch.inputs[static_cast<size_t>(i)];
      PreparedImage& picture = batch.pictures[static_cast<size_t>(i)];
      if (input.failure)
        picture.result.input = std::move(input);
      else
        picture = stages.prepare(std::move(input));
    }
  });
}

}  // namespace

StreamCounts stream_images(const StreamStages& stages, const StreamOptions& options) {
  StreamCounts counts;
  int64_t last_failed = -1, last_written = -1;
  std::atomic<bool> stopped = false;

  const auto read = [&](tbb::flow_control& control) {
    auto batch = std::make_shared<Batch>();
    while (static_cast<int64_t>(batch->inputs.size()) < options.batch && !stopped && !options.interrupted()) {
      std::optional<Input> input = stages.read();
      if (!input) break;
      batch->inputs.push_back(std::move(*input));
    }
    if (batch->inputs.empty()) control.stop();
    return batch;
  };
  const auto write = [&](const BatchPointer& batch) {
    for (PreparedImage& picture : batch->pictures) {
      if (stopped) return;
      stages.write(picture.result);
      const Input& input = picture.result.input;
      counts.inputs += std::exchange(last_written, input.index) != input.index;
      if (!input.failure) continue;
      counts.failures += std::exchange(last_failed, input.index) != input.index;
      if (options.stop_at_failure) stopped = true;
    }
  };

  using Mode = tbb::filter_mode;
  tbb::parallel_pipeline(static_cast<size_t>(options.tokens),
                         tbb::make_filter<void, BatchPointer>(Mode::serial_in_order, read) &
                             tbb::make_filter<BatchPointer, BatchPointer>(Mode::parallel,
                                                                          [&](BatchPointer batch) {
                                                                            prepare(stages, *batch);
                                                                            return batch;
                                                                          }) &
                             tbb::make_filter<BatchPointer, BatchPointer>(Mode::serial_in_order,
                                                                          [&](BatchPointer batch) {
                                                                            if (!stopped)
                                                                              infer(stages, batch->pictures);
                                                                            return batch;
                                                                          }) &
                             tbb::make_filter<BatchPointer, void>(Mode::serial_in_order, write));
  return counts;
}

}  // namespace fovea
