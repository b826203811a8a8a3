#include "models/training/classification_task.h"

#include <algorithm>

#include "attention/ops/loss.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/rearrange.h"
#include "models/training/training_error.h"
#include "vision/mix.h"

namespace fovea {
namespace {

// How many rows of logits [B, classes] have their largest at the label.
int64_t count_right(const Tensor& logits, std::span<const int> labels) {
  const auto classes = static_cast<size_t>(logits.dim(1));
  int64_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.values().subspan(i * classes, classes);
    right += std::max_element(row.begin(), row.end()) - row.begin() == labels[i];
  }
  return right;
}

}  // namespace

std::vector<Measure> classification_measures() {
  return {{"train_loss", "loss", "loss", "training"},
          {"train_accuracy", "accuracy", "accuracy", "training"},
          {"held_out_loss", "loss", "loss", "held out"},
          {"held_out_accuracy", "accuracy", "accuracy", "held out"}};
}

StepResult classification_step(const Tensor& logits, const Batch& batch, float label_smoothing,
                               const Teaching& teaching) {
  const CrossEntropyOptions options{.smoothing = label_smoothing};
  Tensor loss = batch.targets ? cross_entropy(logits, batch.targets, options)
                              : cross_entropy(logits, batch.labels, options);
  if (teaching.shares) {
    Tensor taught = take(teaching.shares, 0, batch.places);
    if (batch.targets) taught = mixed_up(taught, batch.own_share);
    loss = scale(loss, 1 - teaching.share) +
           scale(teacher_loss(logits, taught, teaching.temperature), teaching.share);
  }
  return {.loss = loss,
          .pictures = static_cast<int64_t>(batch.labels.size()),
          .score = static_cast<double>(count_right(logits, batch.labels)),
          .failures = batch.failures};
}

HeldOutResult held_out_result(const Evaluation& evaluation) {
  if (evaluation.count == 0) return {{EpochMetrics::kNone, EpochMetrics::kNone}, evaluation.failures};
  return {{evaluation.loss(), evaluation.accuracy()}, evaluation.failures};
}

ClassificationTask::ClassificationTask(TrainableNetwork network, const ClassificationData& data,
                                       const Recipe& recipe, const Augmentation& augmentation,
                                       const ClassificationOptions& options)
    : network_(std::move(network)),
      recipe_(recipe),
      options_(options),
      train_(data.pictures, data.train, recipe, augmentation, options.batches) {
  if (!data.held_out.empty())
    held_out_.emplace(data.held_out_pictures, data.held_out, recipe, options.batches);
}

TrainingTask ClassificationTask::task() {
  TrainingTask task;
  task.steps_per_epoch = train_.steps();
  task.measures = classification_measures();
  task.step = [this](int64_t epoch, int64_t at, const Pass& pass) { return step(epoch, at, pass); };
  if (network_.prepare) task.prepare = [this] { network_.prepare(first_images()); };
  if (held_out_)
    task.evaluate = [this](const std::map<std::string, Tensor>& values) { return evaluate_held_out(values); };
  return task;
}

Batch ClassificationTask::training_batch(int64_t epoch, int64_t step) {
  return blamed_on(TrainingError::Cause::kPictures, [&] { return train_.batch(epoch, step); });
}

// Of the first batch that has any.
Tensor ClassificationTask::first_images() {
  for (int64_t step = 0; step < train_.steps(); ++step)
    if (Batch batch = training_batch(0, step); batch.images) return batch.images;
  fail_by(TrainingError::Cause::kPictures, "training: not one picture could be read; check the data set");
}

StepResult ClassificationTask::step(int64_t epoch, int64_t step, const Pass& pass) {
  const Batch batch = training_batch(epoch, step);
  if (batch.labels.empty()) return {.loss = {}, .failures = batch.failures};
  const auto learn = [this, batch](const Pass& of) {
    const Tensor logits =
        suited(recipe_.height(), recipe_.width(), [&] { return network_.logits(batch.images, of); });
    return classification_step(logits, batch, options_.label_smoothing, teaching_);
  };
  StepResult result = learn(pass);
  result.again = [learn](const Pass& of) { return learn(of).loss; };
  return result;
}

std::optional<HeldOutResult> ClassificationTask::evaluate_held_out(
    const std::map<std::string, Tensor>& values) {
  const ImageNetwork network = fitted_network(network_, values, recipe_);
  const std::optional<Evaluation> result = evaluate(
      *held_out_, static_cast<int64_t>(network_.info.labels.size()),
      [&](const Tensor& images) { return network.logits(images, {}); },
      [this](int64_t) { return !options_.interrupted(); });
  if (!result) return std::nullopt;
  return held_out_result(*result);
}

ImageNetwork fitted_network(const TrainableNetwork& network, const std::map<std::string, Tensor>& values,
                            const Recipe& recipe) {
  const ImageNetwork made = network.inference(values);
  const int64_t height = recipe.height(), width = recipe.width();
  if (height == made.info.input_height && width == made.info.input_width) return made;
  return suited(height, width, [&] { return made.resized(height, width); });
}

}  // namespace fovea
