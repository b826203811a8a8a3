#include "apps/image_stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

#include "apps/picture_verb.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

// Pictures whose only value is their index, some that fail; the "model" adds a half.
struct FakeRun {
  int64_t inputs = 100;
  std::function<FramedBatch(int64_t)> frame_of = [](int64_t i) -> FramedBatch {
    return {Tensor::full({1, 2, 1, 3}, static_cast<float>(i)), {}};
  };
  std::function<bool(int64_t)> fails = [](int64_t) { return false; };
  std::function<bool(int64_t)> gives_nan = [](int64_t) { return false; };
  std::vector<Result> written = {};
  int64_t reads = 0;
  std::atomic<int64_t> under_way = 0, most_under_way = 0, largest_batch = 0;

  StreamCounts operator()(int threads, const StreamOptions& options) {
    StreamCounts counts;
    Threads(threads).run([&] { counts = stream_images(stages(), options); });
    return counts;
  }

  std::optional<Input> read() {
    if (reads == inputs) return std::nullopt;
    most_under_way = std::max<int64_t>(most_under_way, ++under_way);
    const int64_t index = reads++;
    return Input{index, std::to_string(index), std::nullopt};
  }

  PreparedImage prepare(Input input) const {
    std::this_thread::sleep_for(std::chrono::microseconds(input.index * 7919 % 300));
    PreparedImage picture;
    const int64_t index = input.index;
    if (fails(index))
      input.failure = Failure{"truncated", "it is"};
    else
      picture.frame = frame_of(index);
    picture.result.input = std::move(input);
    return picture;
  }

  Tensor model(const Tensor& images) {
    largest_batch = std::max<int64_t>(largest_batch, images.dim(0));
    Tensor values({images.dim(0), 2});
    const int64_t stride = images.count() / images.dim(0);
    for (int64_t i = 0; i < images.dim(0); ++i) {
      const float value = images.data()[i * stride];
      values.mutable_data()[2 * i] = value + 0.5f;
      values.mutable_data()[2 * i + 1] = gives_nan(static_cast<int64_t>(value))
                                             ? std::numeric_limits<float>::quiet_NaN()
                                             : static_cast<float>(stride);
    }
    return values;
  }

  StreamStages stages() {
    return {[this] { return read(); }, [this](Input input) { return prepare(std::move(input)); },
            rows_of([this](const Tensor& images) { return model(images); }),
            [this](Result& result) {
              written.push_back(result);
              --under_way;
            }};
  }
};

TEST(ImageStream, OrderAndResultsDependOnNeitherThreadsNorBatch) {
  for (int threads : {1, 2, 7})
    for (int64_t batch : {1, 3, 8}) {
      FakeRun run{.fails = [](int64_t i) { return i % 10 == 4; }};
      const StreamCounts counts = run(threads, {.batch = batch, .tokens = threads + 2});
      EXPECT_EQ(counts.inputs, 100);
      EXPECT_EQ(counts.failures, 10);
      ASSERT_EQ(run.written.size(), 100u);
      for (int64_t i = 0; i < 100; ++i) {
        const Result& result = run.written[static_cast<size_t>(i)];
        EXPECT_EQ(result.input.index, i);
        ASSERT_EQ(result.input.failure.has_value(), i % 10 == 4);
        if (i % 10 == 4) continue;
        EXPECT_EQ(result.values, (std::vector<float>{static_cast<float>(i) + 0.5f, 6.0f}));
      }
      EXPECT_LE(run.largest_batch, batch);
    }
}

// Of two heights, some with padding: only what is alike goes together, and the order is kept.
TEST(ImageStream, OnlyPicturesOfOneSizeShareABatch) {
  FakeRun run{.inputs = 40};
  run.frame_of = [](int64_t i) -> FramedBatch {
    const int64_t height = 2 + i % 2;
    const Tensor image = Tensor::full({1, height, 1, 3}, static_cast<float>(i));
    return {image, i % 4 == 0 ? Tensor::full({1, height, 1}, static_cast<float>(i)) : Tensor()};
  };
  int64_t batches = 0;
  StreamStages stages = run.stages();
  const auto infer = stages.infer;
  stages.infer = [&](const FramedBatch& pictures, std::span<Result* const> results) {
    ++batches;
    EXPECT_EQ(pictures.images.dim(0), std::ssize(results));
    for (int64_t i = 0; i < std::ssize(results); ++i) {
      const int64_t index = results[static_cast<size_t>(i)]->input.index;
      EXPECT_EQ(pictures.images.dim(1), 2 + index % 2);
      EXPECT_EQ(static_cast<bool>(pictures.padding), index % 4 == 0);
      if (pictures.padding) {
        EXPECT_EQ(pictures.padding.data()[i * pictures.padding.dim(1)], static_cast<float>(index));
      }
    }
    infer(pictures, results);
  };
  Threads(3).run([&] { stream_images(stages, {.batch = 8, .tokens = 4}); });
  EXPECT_EQ(batches, 15);  // of each eight: two padded, two alike, four of the other height
  ASSERT_EQ(run.written.size(), 40u);
  for (int64_t i = 0; i < 40; ++i) {
    const Result& result = run.written[static_cast<size_t>(i)];
    EXPECT_EQ(result.input.index, i);
    EXPECT_EQ(result.values.at(0), static_cast<float>(i) + 0.5f);
  }
}

TEST(ImageStream, WhatWritingFindsWrongIsAFailureToo) {
  FakeRun run{.inputs = 10};
  StreamStages stages = run.stages();
  stages.write = [&](Result& result) {
    if (result.input.index == 6) result.input.failure = Failure{"save_failed", "no room"};
  };
  StreamCounts counts;
  Threads(2).run([&] { counts = stream_images(stages, {.batch = 2}); });
  EXPECT_EQ(counts.inputs, 10);
  EXPECT_EQ(counts.failures, 1);
}

// As a video's frames do.
TEST(ImageStream, ResultsOfOneInputCountOnce) {
  FakeRun run{.inputs = 10};
  StreamStages stages = run.stages();
  stages.read = [&]() -> std::optional<Input> {
    if (run.reads == 10) return std::nullopt;
    return Input{run.reads++ / 5, "", std::nullopt};
  };
  int written = 0;
  stages.write = [&](Result& result) {
    ++written;
    if (result.input.index == 1) result.input.failure = Failure{"truncated", "it is"};
  };
  StreamCounts counts;
  Threads(2).run([&] { counts = stream_images(stages, {}); });
  EXPECT_EQ(written, 10);
  EXPECT_EQ(counts.inputs, 2);
  EXPECT_EQ(counts.failures, 1);
}

TEST(ImageStream, WhatIsUnderWayIsBoundedHoweverLongTheFolder) {
  FakeRun run{.inputs = 1000};
  run(4, {.batch = 3, .tokens = 5});
  EXPECT_EQ(run.written.size(), 1000u);
  EXPECT_LE(run.most_under_way, 3 * 5);
}

TEST(ImageStream, StopsAtTheFirstFailureInOrder) {
  for (int threads : {1, 4}) {
    FakeRun run{.fails = [](int64_t i) { return i >= 37; }};
    const StreamCounts counts = run(threads, {.batch = 2, .tokens = 4, .stop_at_failure = true});
    EXPECT_EQ(counts.inputs, 38);
    EXPECT_EQ(counts.failures, 1);
    ASSERT_EQ(run.written.size(), 38u);
    EXPECT_EQ(run.written.back().input.index, 37);
  }
}

TEST(ImageStream, InterruptionWritesWhatWasRead) {
  FakeRun run{.inputs = 1000};
  StreamOptions options{.batch = 2, .tokens = 3};
  int64_t asked = 0;
  options.interrupted = [&] { return ++asked > 20; };
  const StreamCounts counts = run(2, options);
  EXPECT_EQ(counts.inputs, 20);
  EXPECT_EQ(run.written.size(), 20u);
  EXPECT_EQ(run.under_way, 0);
}

TEST(ImageStream, OutputThatIsNotFiniteIsAFailure) {
  FakeRun run{.inputs = 5, .gives_nan = [](int64_t i) { return i == 3; }};
  const StreamCounts counts = run(2, {.batch = 4});
  EXPECT_EQ(counts.failures, 1);
  ASSERT_TRUE(run.written.at(3).input.failure);
  EXPECT_EQ(run.written[3].input.failure->code, "not_finite");
  EXPECT_TRUE(run.written[3].values.empty());
  EXPECT_EQ(run.written[4].values.at(0), 4.5f);
}

TEST(ImageStream, APictureThatTheModelCannotTakeFailsAlone) {
  FakeRun run{.inputs = 10};
  StreamStages stages = run.stages();
  stages.infer = [infer = stages.infer](const FramedBatch& pictures, std::span<Result* const> results) {
    for (const Result* result : results)
      if (result->input.index == 6) fail("too small for it");
    infer(pictures, results);
  };
  StreamCounts counts;
  Threads(2).run([&] { counts = stream_images(stages, {.batch = 4}); });
  EXPECT_EQ(counts.inputs, 10);
  EXPECT_EQ(counts.failures, 1);
  ASSERT_EQ(run.written.size(), 10u);
  ASSERT_TRUE(run.written[6].input.failure);
  EXPECT_EQ(run.written[6].input.failure->code, "not_possible");
  EXPECT_EQ(run.written[6].input.failure->message, "6: too small for it");
  for (const size_t i : {4u, 5u, 7u, 8u})
    EXPECT_EQ(run.written[i].values.at(0), static_cast<float>(i) + 0.5f);
}

TEST(ImageStream, AnErrorOfTheModelComesOut) {
  const StreamStages stages = {[] { return Input{}; },
                               [](Input) {
                                 PreparedImage picture;
                                 picture.frame.images = Tensor::full({1, 1, 1, 3}, 0);
                                 return picture;
                               },
                               rows_of([](const Tensor&) -> Tensor { throw std::runtime_error("no"); }),
                               [](Result&) {}};
  EXPECT_THROW(Threads(2).run([&] { stream_images(stages, {}); }), std::runtime_error);
}

TEST(ImageStream, NoInputs) {
  FakeRun run{.inputs = 0};
  EXPECT_EQ(run(2, {}).inputs, 0);
}

}  // namespace
}  // namespace fovea
