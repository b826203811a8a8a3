#include "models/matcher.h"

#include <cmath>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/boxes.h"
#include "models/hungarian.h"

namespace fovea {
namespace {

// The values of one picture, of no gradient.
Tensor picture_rows(const Tensor& all, int64_t picture) {
  const int64_t N = all.dim(1), C = all.dim(2);
  return Tensor({N, C}, {all.data() + picture * N * C, static_cast<size_t>(N * C)});
}

void check(const BoxPredictions& predictions, int64_t picture, const BoxTargets& targets, BoxScores scores) {
  const Shape &logits = predictions.logits.shape(), &boxes = predictions.boxes.shape();
  if (logits.rank() != 3 || boxes != logits.with_last(4))
    fail("match: logits ", logits, " and boxes ", boxes, " are not [B, N, classes] and [B, N, 4]");
  if (picture >= logits[0]) fail("match: there is no picture ", picture, " in ", logits);
  const int64_t count = static_cast<int64_t>(targets.labels.size());
  if (count > 0 && targets.boxes.shape() != Shape{count, 4})
    fail("match: picture ", picture, " has ", count, " labels and boxes ", targets.boxes.shape());
  const int64_t classes = logits[2] - (scores == BoxScores::kSoftmax);
  for (const int label : targets.labels)
    if (label < 0 || label >= classes)
      fail("match: picture ", picture, " has label ", label, ", the model has ", classes, " classes");
}

// What a query pays for a label: less where it is surer of it.
class LabelCost {
 public:
  LabelCost(const float* logits, int64_t classes, BoxScores scores) : logits_(logits), scores_(scores) {
    if (scores != BoxScores::kSoftmax) return;
    for (int64_t c = 0; c < classes; ++c) top_ = std::max<double>(top_, logits[c]);
    for (int64_t c = 0; c < classes; ++c) total_ += std::exp(logits[c] - top_);
  }
  double operator()(int label) const {
    const double x = logits_[label];
    if (scores_ == BoxScores::kSoftmax) return -std::exp(x - top_) / total_;
    constexpr double kAlpha = 0.25, kEps = 1e-8;
    const double p = 1 / (1 + std::exp(-x)), q = 1 / (1 + std::exp(x));
    return kAlpha * q * q * -std::log(p + kEps) - (1 - kAlpha) * p * p * -std::log(q + kEps);
  }

 private:
  const float* const logits_;
  const BoxScores scores_;
  double top_ = -INFINITY, total_ = 0;
};

Matches matches_of(const Tensor& costs, int64_t copies) {
  const int64_t queries = costs.dim(0), targets = costs.dim(1), columns = targets * copies;
  std::vector<float> all(queries * columns);
  for (int64_t q = 0; q < queries; ++q)
    for (int64_t c = 0; c < columns; ++c) all[q * columns + c] = costs.data()[q * targets + c % targets];
  const std::vector<int64_t> column_of = hungarian(all, queries, columns);
  Matches matches;
  for (int64_t q = 0; q < queries; ++q)
    if (column_of[q] >= 0) matches.push_back({q, column_of[q] % targets});
  return matches;
}

}  // namespace

Tensor match_costs(const BoxPredictions& predictions, int64_t picture, const BoxTargets& targets,
                   const MatchCosts& costs) {
  check(predictions, picture, targets, costs.scores);
  const int64_t N = predictions.logits.dim(1), C = predictions.logits.dim(2);
  const int64_t T = static_cast<int64_t>(targets.labels.size());
  Tensor result(Shape{N, T});
  if (T == 0) return result;
  const Tensor boxes = picture_rows(predictions.boxes, picture);
  const Tensor overlap = pairwise_overlap(box_corners(boxes), box_corners(targets.boxes), BoxOverlap::kGiou);
  for (int64_t q = 0; q < N; ++q) {
    const LabelCost label_cost(predictions.logits.data() + (picture * N + q) * C, C, costs.scores);
    for (int64_t t = 0; t < T; ++t) {
      double distance = 0;
      for (int64_t i = 0; i < 4; ++i)
        distance += std::abs(static_cast<double>(boxes.data()[4 * q + i]) - targets.boxes.data()[4 * t + i]);
      result.mutable_data()[q * T + t] =
          static_cast<float>(costs.label * label_cost(targets.labels[t]) + costs.box * distance -
                             costs.giou * static_cast<double>(overlap.data()[q * T + t]));
      if (std::isnan(result.data()[q * T + t])) fail("match: what query ", q, " predicts is not a number");
    }
  }
  return result;
}

std::vector<Matches> match(const BoxPredictions& predictions, const std::vector<BoxTargets>& targets,
                           const MatchCosts& costs, int64_t copies) {
  if (copies < 1) fail("match: ", copies, " copies of each target");
  const int64_t B = static_cast<int64_t>(targets.size());
  if (predictions.logits.dim(0) != B)
    fail("match: ", B, " pictures' targets for logits ", predictions.logits.shape());
  std::vector<Matches> matches(B);
  parallel_for(B, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      matches[b] = matches_of(match_costs(predictions, b, targets[b], costs), copies);
  });
  return matches;
}

}  // namespace fovea
