#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "vision/augment.h"
#include "vision/batch.h"
#include "vision/decoded_pictures.h"
#include "vision/epoch_order.h"
#include "vision/image_folder.h"
#include "vision/normaliser.h"
#include "vision/prefetch.h"
#include "vision/recipe.h"

namespace fovea {

// Augmented batches of some pictures of a data set, in an order shuffled for each epoch. A batch is a
// function of the arguments here, the epoch and the step alone: of no batch before it and of no number of
// threads.
class TrainingBatches {
 public:
  TrainingBatches(const ImageFolder& data, std::vector<int64_t> indices, const Recipe& recipe,
                  const Augmentation& augmentation, const BatchOptions& options);
  int64_t steps() const { return steps_; }  // of an epoch

  Batch batch(int64_t epoch, int64_t step);
  // Every picture that was missing from a batch so far, once.
  const std::vector<PictureFailure>& failures() const { return failures_; }

 private:
  Batch make(int64_t at);
  void make_picture(int64_t epoch, int64_t position, float* out);

  Recipe recipe_;
  Augmentation augmentation_;
  BatchOptions options_;
  DecodedPictures pictures_;
  Normaliser normalise_;
  int64_t steps_;
  EpochOrder order_;
  std::set<std::string> failed_;
  std::vector<PictureFailure> failures_;
  Prefetch<Batch> prefetch_;  // last: its thread uses the others
};

// The same pictures as a model sees them: in the order of `indices`, as the recipe says, all of them.
class EvaluationBatches {
 public:
  EvaluationBatches(const ImageFolder& data, std::vector<int64_t> indices, const Recipe& recipe,
                    const BatchOptions& options);
  int64_t steps() const { return steps_; }
  Batch batch(int64_t step);

 private:
  Batch make(int64_t step);

  BatchOptions options_;
  Recipe recipe_;
  DecodedPictures pictures_;
  Normaliser normalise_;
  int64_t steps_;
  Prefetch<Batch> prefetch_;  // last: its thread uses the others
};

std::vector<int64_t> all_indices(const ImageFolder& data);

}  // namespace fovea
