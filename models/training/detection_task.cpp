#include "models/training/detection_task.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/detection_loss.h"
#include "models/pipelines/select_detections.h"
#include "models/training/training_error.h"
#include "vision/coco_results.h"

namespace fovea {
namespace {

using Cause = TrainingError::Cause;

std::vector<int64_t> all_of(const AnnotatedPictures& set) {
  std::vector<int64_t> indices(set.pictures.size());
  std::iota(indices.begin(), indices.end(), int64_t{0});
  return indices;
}

std::vector<BoxTargets> targets_of(const std::vector<FramedObjects>& objects) {
  std::vector<BoxTargets> targets;
  for (const auto& [labels, boxes] : objects) {
    targets.push_back({labels, {}});
    if (!labels.empty()) targets.back().boxes = Tensor({std::ssize(labels), 4}, boxes);
  }
  return targets;
}

bool is_finite(const DetectorOutput& output) {
  const auto good = [](const BoxPredictions& p) { return is_finite(p); };
  return std::ranges::all_of(output.layers, good) && (!output.tokens || good(*output.tokens));
}

// What a model finds in pictures whose truth is known.
struct Found {
  std::vector<ScoredBox> boxes;
  std::vector<int64_t> pictures;  // ids of those that could be read
  std::vector<PictureFailure> failures;
};

void add(Found& found, const DetectionBatch& batch, const BoxPredictions& predictions,
         const DetectionChoice& choice, const AnnotatedPictures& truth) {
  for (size_t i = 0; i < batch.pictures.size(); ++i) {
    const int64_t picture = batch.pictures[i];
    found.pictures.push_back(truth.pictures[static_cast<size_t>(picture)].id);
    for (const Detection& detection :
         select_detections(predictions, static_cast<int64_t>(i), batch.sizes[i], choice))
      found.boxes.push_back(
          scored_box(picture, detection.class_id, coco_bbox(detection.box), detection.score));
  }
}

}  // namespace

std::vector<Measure> detection_measures() {
  return {{"train_loss", "loss", "loss", "training"},
          {"train_class_accuracy", "class accuracy", "class accuracy of matches", "training"},
          {"held_out_map", "mAP", "mean average precision", "IoU 0.5 to 0.95"},
          {"held_out_map50", "mAP50", "mean average precision", "IoU 0.5"}};
}

DetectionTask::DetectionTask(TrainableDetector detector, const DetectionData& data, const Recipe& recipe,
                             const DetectionOptions& options)
    : detector_(std::move(detector)),
      options_(options),
      truth_(data.held_out),
      train_(data.train, all_of(data.train), recipe, options.augmentation, options.batches) {
  detector_.loss.token_copies = options.token_copies;
  if (!truth_.pictures.empty()) held_out_.emplace(truth_, all_of(truth_), recipe, options.batches);
}

TrainingTask DetectionTask::task() {
  TrainingTask task;
  task.steps_per_epoch = train_.steps();
  task.measures = detection_measures();
  task.step = [this](int64_t epoch, int64_t at, const Pass& pass) { return step(epoch, at, pass); };
  if (held_out_)
    task.evaluate = [this](const std::map<std::string, Tensor>& values) { return evaluate(values); };
  return task;
}

StepResult DetectionTask::step(int64_t epoch, int64_t step, const Pass& pass) {
  const DetectionBatch batch = blamed_on(Cause::kPictures, [&] { return train_.batch(epoch, step); });
  if (!batch.images) return {.loss = {}, .failures = batch.failures};
  const auto learnt = [this, images = batch.images, padding = batch.padding,
                       targets = targets_of(batch.objects)](const Pass& of) {
    return learn({images, padding}, targets, of);
  };
  StepResult result = learnt(pass);
  result.failures = batch.failures;
  result.again = [learnt](const Pass& of) { return learnt(of).loss; };
  return result;
}

StepResult DetectionTask::learn(const DetectorInput& input, const std::vector<BoxTargets>& targets,
                                const Pass& pass) {
  std::optional<DenoisingQueries> denoising;
  if (detector_.takes_denoising && options_.denoising.queries > 0)
    denoising = denoising_queries(targets, *pass.training, options_.denoising);
  const DenoisingQueries* queries = denoising ? &*denoising : nullptr;
  const DetectorOutput output = suited(input.images.dim(1), input.images.dim(2),
                                       [&] { return detector_.detect(input, pass, queries); });
  const int64_t pictures = input.images.dim(0);
  if (!is_finite(output)) return {.loss = Tensor::full({1}, NAN), .pictures = pictures};
  const DetectionLoss loss = detection_loss(output, targets, detector_.loss, queries);
  return {.loss = loss.total,
          .pictures = pictures,
          .score = (1 - loss.last.class_error / 100) * static_cast<double>(pictures)};
}

std::optional<HeldOutResult> DetectionTask::evaluate(const std::map<std::string, Tensor>& values) {
  const DetectionNetwork network = detector_.inference(values);
  const DetectionChoice choice{.scores = network.scores,
                               .threshold = 0};  // not clipped to the picture, as DETR's authors judge them
  Found found;
  for (int64_t i = 0; i < held_out_->steps(); ++i) {
    const DetectionBatch batch = blamed_on(Cause::kPictures, [&] { return held_out_->batch(i); });
    if (batch.images) {
      const DetectorOutput output = suited(batch.images.dim(1), batch.images.dim(2), [&] {
        return network.detect({batch.images, batch.padding}, {}, nullptr);
      });
      if (!is_finite(output)) throw NotFinite("what it says of a picture is not finite; check its weights");
      add(found, batch, output.layers.back(), choice, truth_);
    }
    found.failures.insert(found.failures.end(), batch.failures.begin(), batch.failures.end());
    if (options_.interrupted()) return std::nullopt;
  }
  if (found.pictures.empty())
    return HeldOutResult{{EpochMetrics::kNone, EpochMetrics::kNone}, found.failures};
  const CocoEvaluation evaluation = evaluate_detections(truth_, found.boxes, {.pictures = found.pictures});
  const auto known = [](double value) { return value < 0 ? EpochMetrics::kNone : value; };
  return HeldOutResult{{known(evaluation.ap()), known(evaluation.ap50())}, found.failures};
}

}  // namespace fovea
