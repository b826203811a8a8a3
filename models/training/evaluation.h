#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "attention/tensor/tensor.h"
#include "vision/training_batches.h"

namespace fovea {

// How a classifier did on pictures whose classes are known.
struct Evaluation {
  explicit Evaluation(int64_t class_count) : classes(class_count) {}
  // logits [B, classes]; of equal ones the first counts as the larger. Fails if one is not finite.
  void add(const Tensor& logits, std::span<const int> labels);

  double accuracy() const { return share(right); }
  double top5() const { return share(right_of_five); }
  double loss() const { return share(loss_sum); }  // mean cross-entropy

  int64_t classes, count = 0, right = 0, right_of_five = 0;
  double loss_sum = 0;
  std::map<std::pair<int64_t, int64_t>, int64_t> taken_for;  // {truth, named}: pictures, where there are any
  std::vector<PictureFailure> failures;  // pictures that could not be read, and do not count

 private:
  template <class Number>
  double share(Number sum) const {
    return count > 0 ? static_cast<double>(sum) / static_cast<double>(count) : 0;
  }
};

// Takes all pictures through `logits`; `step` hears how many more were done, and ends it by false: then there
// is nothing.
std::optional<Evaluation> evaluate(EvaluationBatches& batches, int64_t classes,
                                   const std::function<Tensor(const Tensor& images)>& logits,
                                   const std::function<bool(int64_t pictures)>& step);

struct Interval {
  double low, high;
};
// Where the true share lies with 95 % confidence: Wilson 1927's score interval.
Interval wilson_interval(int64_t right, int64_t count);

}  // namespace fovea
