#include "apps/image_stream.h"

#include <tbb/parallel_pipeline.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <span>

#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

struct Batch {
  std::vector<Input> inputs;
  std::vector<PreparedImage> pictures;
};
using BatchPointer = std::shared_ptr<Batch>;  // TBB copies what goes from filter to filter

Tensor stack(std::span<PreparedImage* const> pictures) {
  if (pictures.size() == 1) return pictures[0]->image;
  Tensor images(pictures[0]->image.shape().with(0, static_cast<int64_t>(pictures.size())));
  float* to = images.mutable_data();
  for (const PreparedImage* picture : pictures) to = std::ranges::copy(picture->image.values(), to).out;
  return images;
}

void take(std::span<const float> values, Result& result) {
  if (std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
    result.values.assign(values.begin(), values.end());
  else
    result.input.failure =
        Failure{"not_finite", result.input.source + ": the model's output is not finite; check its weights"};
}

void infer(const StreamStages& stages, std::vector<PreparedImage>& pictures) {
  std::vector<PreparedImage*> good;
  for (PreparedImage& picture : pictures)
    if (picture.image) good.push_back(&picture);
  if (good.empty()) return;
  const auto start = std::chrono::steady_clock::now();
  const Tensor output = stages.infer(stack(good));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  const size_t length = static_cast<size_t>(output.count()) / good.size();
  for (size_t i = 0; i < good.size(); ++i) {
    good[i]->result.timing.infer = took.count() / static_cast<double>(good.size());
    take(output.values().subspan(i * length, length), good[i]->result);
    good[i]->image = Tensor();
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
    for (const PreparedImage& picture : batch->pictures) {
      if (stopped) return;
      const bool failed = picture.result.input.failure.has_value();
      ++counts.inputs;
      counts.failures += failed;
      stages.write(picture.result);
      if (failed && options.stop_at_failure) stopped = true;
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
