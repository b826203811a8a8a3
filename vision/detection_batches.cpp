#include "vision/detection_batches.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "vision/augment.h"
#include "vision/detection_augment.h"
#include "vision/framed_batch.h"
#include "vision/resize.h"
#include "vision/resized_size.h"

namespace fovea {
namespace {

void check(const Recipe& recipe) {
  if (recipe.crop)
    fail("batches: a recipe that crops pictures loses boxes; use a detector's, which resizes or pads them");
}

// One picture of a batch: resized, with its boxes; or why it is missing.
struct Entry {
  LabelledPicture picture;
  cv::Size size;  // before
  std::optional<std::string> failure;
};

DetectionBatch assembled(std::vector<Entry>& entries, const std::vector<int64_t>& places,
                         const LabelledPictures& pictures, const Recipe& recipe, const Normaliser& normalise,
                         bool stop_at_failure) {
  DetectionBatch batch;
  std::vector<cv::Mat> frames;
  std::vector<LabelledPicture> labelled;
  for (size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    if (entry.failure && stop_at_failure) fail(*entry.failure);
    if (entry.failure) {
      batch.failures.push_back({pictures.location(places[i]), *entry.failure});
      continue;
    }
    batch.pictures.push_back(pictures.index(places[i]));
    batch.sizes.push_back(entry.size);
    frames.push_back(entry.picture.rgb);
    labelled.push_back(std::move(entry.picture));
  }
  if (frames.empty()) return batch;
  auto [images, padding] = framed(frames, recipe, normalise);
  const cv::Size frame(static_cast<int>(images.dim(2)), static_cast<int>(images.dim(1)));
  for (const LabelledPicture& picture : labelled)
    batch.objects.push_back(framed_objects(picture.boxes, recipe.hide_padding ? picture.rgb.size() : frame));
  batch.images = std::move(images);
  batch.padding = std::move(padding);
  return batch;
}

// make(i) gives the i-th picture, resized, and throws if it cannot.
std::vector<Entry> make_entries(int64_t count, const std::function<Entry(int64_t)>& make) {
  std::vector<Entry> entries(static_cast<size_t>(count));
  parallel_for(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Entry& entry = entries[static_cast<size_t>(i)];
      try {
        entry = make(i);
      } catch (const Error& error) {
        entry.failure = error.what();
      }
    }
  });
  return entries;
}

// The size of a picture's frame as far as the data set knows it.
std::optional<std::pair<int, int>> known_frame(const AnnotatedPicture& entry, const Recipe& recipe) {
  if (recipe.fixed_size()) return std::pair(0, 0);
  if (entry.width < 1 || entry.height < 1) return std::nullopt;
  try {
    const cv::Size frame =
        resized_size({static_cast<int>(entry.width), static_cast<int>(entry.height)}, recipe);
    return std::pair(frame.width, frame.height);
  } catch (const Error&) {  // told of when the picture is read
    return std::nullopt;
  }
}

// Pictures whose frames are of one size, in batches; those of no known size by themselves.
std::vector<std::vector<int64_t>> batches_of_one_size(const LabelledPictures& pictures, const Recipe& recipe,
                                                      int64_t most) {
  std::vector<std::vector<int64_t>> batches;
  std::map<std::pair<int, int>, size_t> last;  // batch of a size
  for (int64_t i = 0; i < pictures.size(); ++i) {
    const auto frame = known_frame(pictures.entry(i), recipe);
    const auto found = frame ? last.find(*frame) : last.end();
    if (found != last.end() && std::ssize(batches[found->second]) < most) {
      batches[found->second].push_back(i);
      continue;
    }
    if (frame) last[*frame] = batches.size();
    batches.push_back({i});
  }
  return batches;
}

}  // namespace

FramedObjects framed_objects(std::span<const LabelledBox> boxes, cv::Size over) {
  FramedObjects objects;
  const double width = over.width, height = over.height;
  for (const auto& [box, label] : boxes) {
    objects.labels.push_back(label);
    for (const double value : {(box.x0 + box.x1) / 2 / width, (box.y0 + box.y1) / 2 / height,
                               box.width() / width, box.height() / height})
      objects.boxes.push_back(static_cast<float>(value));
  }
  return objects;
}

DetectionBatches::DetectionBatches(const AnnotatedPictures& data, std::vector<int64_t> indices,
                                   const Recipe& recipe, const DetectionAugmentation& augmentation,
                                   const BatchOptions& options)
    : recipe_(recipe),
      augmentation_(augmentation),
      options_(options),
      pictures_(data, std::move(indices), recipe.apply_exif, options.memory),
      normalise_(recipe),
      order_(options.seed, pictures_.size()),
      prefetch_([this](int64_t at) { return make(at); }, options.workers) {
  check(recipe);
  check(options, pictures_.size());
  check(augmentation);
  steps_ = steps_of_epoch(options, pictures_.size());
}

DetectionBatch DetectionBatches::batch(int64_t epoch, int64_t step) {
  if (epoch < 0 || step < 0 || step >= steps_)
    fail("batches: no step ", step, " in epoch ", epoch, "; an epoch has ", steps_);
  const int64_t at = epoch * steps_ + step;
  DetectionBatch batch = prefetch_.take(at, options_.prefetch ? std::optional(at + 1) : std::nullopt);
  for (const PictureFailure& failure : batch.failures)
    if (failed_.insert(failure.name).second) failures_.push_back(failure);
  return batch;
}

DetectionBatch DetectionBatches::make(int64_t at) {
  const int64_t epoch = at / steps_, first = at % steps_ * options_.batch;
  const int64_t count = std::min(options_.batch, pictures_.size() - first);
  order_.shuffle(epoch);
  std::vector<int64_t> places;
  for (int64_t i = 0; i < count; ++i) places.push_back(order_[first + i]);
  const auto draw_other = [&](Rng& rng) { return pictures_.picture(draw_below(pictures_.size(), rng)); };
  std::vector<Entry> entries = make_entries(count, [&](int64_t i) {
    Rng rng = rng_at(options_.seed, epoch, static_cast<uint64_t>(first + i));
    const LabelledPicture picture = pictures_.picture(places[static_cast<size_t>(i)]);
    return Entry{augment(picture, recipe_, augmentation_, draw_other, rng), picture.rgb.size(), {}};
  });
  return assembled(entries, places, pictures_, recipe_, normalise_, options_.stop_at_failure);
}

DetectionEvaluationBatches::DetectionEvaluationBatches(const AnnotatedPictures& data,
                                                       std::vector<int64_t> indices, const Recipe& recipe,
                                                       const BatchOptions& options)
    : options_(options),
      recipe_(recipe),
      pictures_(data, std::move(indices), recipe.apply_exif, options.memory),
      normalise_(recipe),
      prefetch_([this](int64_t at) { return make(at); }, options.workers) {
  check(recipe);
  check(options, pictures_.size());
  steps_ = batches_of_one_size(pictures_, recipe, options.batch);
}

DetectionBatch DetectionEvaluationBatches::batch(int64_t step) {
  if (step < 0 || step >= steps()) fail("batches: no step ", step, " of ", steps());
  return prefetch_.take(step,
                        options_.prefetch && step + 1 < steps() ? std::optional(step + 1) : std::nullopt);
}

DetectionBatch DetectionEvaluationBatches::make(int64_t step) {
  const std::vector<int64_t>& places = steps_[static_cast<size_t>(step)];
  std::vector<Entry> entries = make_entries(std::ssize(places), [&](int64_t i) {
    const LabelledPicture picture = pictures_.picture(places[static_cast<size_t>(i)]);
    const cv::Size size = picture.rgb.size();
    return Entry{
        placed(picture, resized_size(size, recipe_), {0, 0}, resized_size(size, recipe_), recipe_, 0),
        size,
        {}};
  });
  return assembled(entries, places, pictures_, recipe_, normalise_, options_.stop_at_failure);
}

}  // namespace fovea
