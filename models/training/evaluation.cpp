#include "models/training/evaluation.h"

#include <algorithm>
#include <cmath>

#include "models/training/training_error.h"

namespace fovea {
namespace {

double cross_entropy_of(std::span<const float> logits, size_t truth) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float value : logits) sum += std::exp(static_cast<double>(value) - top);
  return top + std::log(sum) - static_cast<double>(logits[truth]);
}

// How many classes come before `truth`.
int64_t rank_of(std::span<const float> logits, size_t truth) {
  int64_t rank = 0;
  for (size_t i = 0; i < logits.size(); ++i)
    rank += logits[i] > logits[truth] || (logits[i] == logits[truth] && i < truth);
  return rank;
}

}  // namespace

void Evaluation::add(const Tensor& logits, std::span<const int> labels) {
  if (logits.shape() != Shape{static_cast<int64_t>(labels.size()), classes})
    fail("evaluation: logits ", logits.shape(), " for ", labels.size(), " pictures of ", classes, " classes");
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.values().subspan(i * static_cast<size_t>(classes), static_cast<size_t>(classes));
    if (!std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); }))
      throw NotFinite("what it says of a picture is not finite; check its weights");
    if (labels[i] < 0 || labels[i] >= classes)
      fail("evaluation: label ", labels[i], " is none of ", classes, " classes");
    const auto truth = static_cast<size_t>(labels[i]);
    const int64_t rank = rank_of(row, truth);
    ++count;
    right += rank == 0;
    right_of_five += rank < 5;
    loss_sum += cross_entropy_of(row, truth);
    ++taken_for[{labels[i], std::max_element(row.begin(), row.end()) - row.begin()}];
  }
}

std::optional<Evaluation> evaluate(EvaluationBatches& batches, int64_t classes,
                                   const std::function<Tensor(const Tensor& images)>& logits,
                                   const std::function<bool(int64_t pictures)>& step) {
  Evaluation result(classes);
  for (int64_t i = 0; i < batches.steps(); ++i) {
    const Batch batch = blamed_on(TrainingError::Cause::kPictures, [&] { return batches.batch(i); });
    if (!batch.labels.empty()) result.add(logits(batch.images), batch.labels);
    result.failures.insert(result.failures.end(), batch.failures.begin(), batch.failures.end());
    if (!step(static_cast<int64_t>(batch.labels.size() + batch.failures.size()))) return std::nullopt;
  }
  return result;
}

Interval wilson_interval(int64_t right, int64_t count) {
  if (count == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;
  const auto n = static_cast<double>(count);
  const double p = static_cast<double>(right) / n, scale = 1 + kZ * kZ / n;
  const double middle = (p + kZ * kZ / (2 * n)) / scale;
  const double half = kZ / scale * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

}  // namespace fovea
