#pragma once
#include <cstdint>
#include <opencv2/core.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "vision/annotations.h"
#include "vision/batch.h"
#include "vision/epoch_order.h"
#include "vision/labelled_pictures.h"
#include "vision/normaliser.h"
#include "vision/prefetch.h"
#include "vision/recipe.h"

namespace fovea {

// How training pictures and their boxes are varied, in this order; what is 0 is not done.
struct DetectionAugmentation {
  double flip = 0.5, flip_vertical = 0;  // probabilities
  bool turn = false;                     // by 0, 90, 180 or 270 degrees
  double scale_low = 1,
         scale_high = 1;  // of the picture within its frame: below 1 it is shrunk, above cut out
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;  // see vision/colour.h
  double mosaic = 0;                                             // probability that four pictures make one
  double least_share = 0.3;  // of a box that must stay in the frame for it to count
};

// One picture's boxes, {centre x, centre y, width, height} of 0 to 1 over the frame, and their categories.
// Where padding is hidden from the model, over the part of the frame that is the picture's.
struct FramedObjects {
  std::vector<int> labels;
  std::vector<float> boxes;  // 4 each
};
// `over`: the pixels that become 1.
FramedObjects framed_objects(std::span<const LabelledBox> boxes, cv::Size over);

struct DetectionBatch {
  Tensor images;   // [B, H, W, 3], normalised; none if no picture could be read
  Tensor padding;  // [B, H, W], not 0 where there is no picture; none if there is none such
  std::vector<FramedObjects> objects;  // of each
  std::vector<int64_t> pictures;       // of each, its place in AnnotatedPictures::pictures
  std::vector<cv::Size> sizes;         // of each, as it was read: what boxes of an answer are mapped back to
  std::vector<PictureFailure> failures;
};

// Augmented batches of some pictures of a data set, in an order shuffled for each epoch. A batch is a
// function of the arguments here, the epoch and the step alone: of no batch before it and of no number of
// threads.
class DetectionBatches {
 public:
  DetectionBatches(const AnnotatedPictures& data, std::vector<int64_t> indices, const Recipe& recipe,
                   const DetectionAugmentation& augmentation, const BatchOptions& options);
  int64_t steps() const { return steps_; }  // of an epoch

  DetectionBatch batch(int64_t epoch, int64_t step);
  // Every picture that was missing from a batch so far, once.
  const std::vector<PictureFailure>& failures() const { return failures_; }

 private:
  DetectionBatch make(int64_t at);

  Recipe recipe_;
  DetectionAugmentation augmentation_;
  BatchOptions options_;
  LabelledPictures pictures_;
  Normaliser normalise_;
  EpochOrder order_;
  int64_t steps_;
  std::set<std::string> failed_;
  std::vector<PictureFailure> failures_;
  Prefetch<DetectionBatch> prefetch_;  // last: its thread uses the others
};

// The same pictures as a detector sees them one at a time: in the order of `indices`, as the recipe says, all
// of them. Pictures share a batch only if their frames are of one size, as far as the data set says, so that
// none is padded for another's sake.
class DetectionEvaluationBatches {
 public:
  DetectionEvaluationBatches(const AnnotatedPictures& data, std::vector<int64_t> indices,
                             const Recipe& recipe, const BatchOptions& options);
  int64_t steps() const { return std::ssize(steps_); }
  DetectionBatch batch(int64_t step);

 private:
  DetectionBatch make(int64_t step);

  BatchOptions options_;
  Recipe recipe_;
  LabelledPictures pictures_;
  Normaliser normalise_;
  std::vector<std::vector<int64_t>> steps_;  // the pictures of each
  Prefetch<DetectionBatch> prefetch_;        // last: its thread uses the others
};

}  // namespace fovea
