#include "vision/training_batches.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/base/rng.h"
#include "vision/decode.h"
#include "vision/mix.h"

namespace fovea {
namespace {

constexpr int64_t kPicturesPerTask = 4;

cv::Size size_of(const Recipe& recipe) {
  return {static_cast<int>(recipe.width()), static_cast<int>(recipe.height())};
}

// The elements of a batch for which `missing` is false.
Tensor without(const Tensor& images, const std::vector<std::optional<PictureFailure>>& missing) {
  const auto left = std::ranges::count_if(missing, [](const auto& m) { return !m; });
  if (left == std::ssize(missing)) return images;
  if (left == 0) return {};
  Tensor out(images.shape().with(0, left));
  const int64_t each = out.count() / left;
  float* to = out.mutable_data();
  for (size_t i = 0; i < missing.size(); ++i)
    if (!missing[i]) to = std::copy_n(images.data() + static_cast<int64_t>(i) * each, each, to);
  return out;
}

// A batch of `count` pictures: fill(i, out) writes the i-th and throws if it cannot, place(i) is where it
// stands among `pictures`.
Batch make_batch_of(int64_t count, const DecodedPictures& pictures, const Recipe& recipe,
                    bool stop_at_failure, const std::function<int64_t(int64_t)>& place,
                    const std::function<void(int64_t, float*)>& fill) {
  Tensor images({count, recipe.height(), recipe.width(), 3});
  const int64_t each = images.count() / count;
  float* out = images.mutable_data();
  std::vector<std::optional<PictureFailure>> missing(static_cast<size_t>(count));
  parallel_for(count, kPicturesPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) try {
        fill(i, out + i * each);
      } catch (const Error& error) {
        missing[static_cast<size_t>(i)] = PictureFailure{pictures.location(place(i)), error.what()};
      }
  });
  Batch batch;
  for (int64_t i = 0; i < count; ++i) {
    const auto& failure = missing[static_cast<size_t>(i)];
    if (!failure) {
      batch.places.push_back(place(i));
      batch.labels.push_back(pictures.label(place(i)));
      continue;
    }
    if (stop_at_failure) fail(failure->reason);
    batch.failures.push_back(*failure);
  }
  batch.images = without(images, missing);
  return batch;
}

}  // namespace

TrainingBatches::TrainingBatches(const ImageFolder& data, std::vector<int64_t> indices, const Recipe& recipe,
                                 const Augmentation& augmentation, const BatchOptions& options)
    : recipe_(recipe),
      augmentation_(augmentation),
      options_(options),
      pictures_(data, std::move(indices), recipe, augmentation.random_resized_crop, options.memory),
      normalise_(recipe),
      order_(options.seed, pictures_.size()),
      prefetch_([this](int64_t at) { return make(at); }, options.workers) {
  check(options, pictures_.size());
  check(augmentation, size_of(recipe));
  steps_ = steps_of_epoch(options, pictures_.size());
}

Batch TrainingBatches::batch(int64_t epoch, int64_t step) {
  if (epoch < 0 || step < 0 || step >= steps_)
    fail("batches: no step ", step, " in epoch ", epoch, "; an epoch has ", steps_);
  const int64_t at = epoch * steps_ + step;
  Batch batch = prefetch_.take(at, options_.prefetch ? std::optional(at + 1) : std::nullopt);
  for (const PictureFailure& failure : batch.failures)
    if (failed_.insert(failure.name).second) failures_.push_back(failure);
  return batch;
}

void TrainingBatches::make_picture(int64_t epoch, int64_t position, float* out) {
  Rng rng = rng_at(options_.seed, epoch, static_cast<uint64_t>(position));
  const cv::Mat rgb = pictures_.picture(order_[position]);
  const cv::Size size = size_of(recipe_);
  normalise_(augment(rgb, size, recipe_.filter, augmentation_, rng), out);
  erase(out, size, augmentation_, rng);
}

Batch TrainingBatches::make(int64_t at) {
  const int64_t epoch = at / steps_, first = at % steps_ * options_.batch;
  const int64_t count = std::min(options_.batch, pictures_.size() - first);
  order_.shuffle(epoch);
  Batch batch = make_batch_of(
      count, pictures_, recipe_, options_.stop_at_failure, [&](int64_t i) { return order_[first + i]; },
      [&](int64_t i, float* out) { make_picture(epoch, first + i, out); });
  if (augmentation_.mixes() && batch.images) {
    Rng rng = rng_at(options_.seed, epoch, kOfTheBatch | static_cast<uint64_t>(first));
    batch.targets = one_hot(batch.labels, pictures_.classes());
    batch.own_share = mix(batch.images, batch.targets, augmentation_, rng);
  }
  return batch;
}

EvaluationBatches::EvaluationBatches(const ImageFolder& data, std::vector<int64_t> indices,
                                     const Recipe& recipe, const BatchOptions& options)
    : options_(options),
      recipe_(recipe),
      pictures_(data, std::move(indices), recipe, false, options.memory),
      normalise_(recipe),
      prefetch_([this](int64_t at) { return make(at); }, options.workers) {
  check(options, pictures_.size());
  steps_ = (pictures_.size() + options.batch - 1) / options.batch;
}

Batch EvaluationBatches::batch(int64_t step) {
  if (step < 0 || step >= steps_) fail("batches: no step ", step, " of ", steps_);
  return prefetch_.take(step,
                        options_.prefetch && step + 1 < steps_ ? std::optional(step + 1) : std::nullopt);
}

Batch EvaluationBatches::make(int64_t step) {
  const int64_t first = step * options_.batch;
  return make_batch_of(
      std::min(options_.batch, pictures_.size() - first), pictures_, recipe_, options_.stop_at_failure,
      [&](int64_t i) { return first + i; },
      [&](int64_t i, float* out) { normalise_(pictures_.picture(first + i), out); });
}

std::vector<int64_t> all_indices(const ImageFolder& data) {
  std::vector<int64_t> indices(static_cast<size_t>(data.size()));
  std::iota(indices.begin(), indices.end(), int64_t{0});
  return indices;
}

}  // namespace fovea
