#include "models/detection_loss.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/ops/binary_loss.h"
#include "attention/ops/box_loss.h"
#include "attention/ops/boxes.h"
#include "attention/ops/embedding.h"
#include "attention/ops/loss.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/regression_loss.h"
#include "attention/ops/reorder.h"
#include "attention/ops/varifocal_loss.h"

namespace fovea {
namespace {

// The matched queries of a batch as rows of [B * N, ...], and what they should be.
struct Pairs {
  std::vector<int64_t> rows;
  std::vector<int> labels;
  Tensor boxes;  // [rows, 4]
};

Pairs pairs_of(const std::vector<BoxTargets>& targets, const std::vector<Matches>& matches, int64_t queries) {
  Pairs pairs;
  std::vector<float> boxes;
  for (size_t b = 0; b < matches.size(); ++b)
    for (const Match& m : matches[b]) {
      pairs.rows.push_back(static_cast<int64_t>(b) * queries + m.query);
      pairs.labels.push_back(targets[b].labels[m.target]);
      boxes.insert(boxes.end(), targets[b].boxes.data() + 4 * m.target,
                   targets[b].boxes.data() + 4 * m.target + 4);
    }
  pairs.boxes = Tensor({static_cast<int64_t>(pairs.rows.size()), 4}, boxes);
  return pairs;
}

Tensor softmax_label_loss(const Tensor& logits, const Pairs& pairs, float nothing) {
  const int64_t last = logits.dim(1) - 1;
  std::vector<int> labels(logits.dim(0), static_cast<int>(last));
  for (size_t i = 0; i < pairs.rows.size(); ++i) labels[pairs.rows[i]] = pairs.labels[i];
  Tensor weights = Tensor::full({last + 1}, 1);
  weights.mutable_data()[last] = nothing;
  return cross_entropy(logits, labels, {.class_weights = weights});
}

// 1, or the value of each pair, where a query and its label meet; 0 elsewhere.
Tensor at_pairs(const Shape& shape, const Pairs& pairs, const Tensor& values = {}) {
  Tensor all = Tensor::full(shape, 0);
  for (size_t i = 0; i < pairs.rows.size(); ++i)
    all.mutable_data()[pairs.rows[i] * shape[1] + pairs.labels[i]] = values ? values.data()[i] : 1;
  return all;
}

// `boxes` are the matched queries', {x0, y0, x1, y1} as the pairs'.
Tensor sigmoid_label_loss(const Tensor& logits, const Tensor& boxes, const Pairs& pairs, double objects,
                          const DetectionLossConfig& config) {
  const Tensor wanted = at_pairs(logits.shape(), pairs);
  const float alpha = config.focal_alpha, gamma = config.focal_gamma;
  const auto sum = [&] {
    if (!config.varifocal)
      return sigmoid_focal_loss(logits, wanted, {.alpha = alpha, .gamma = gamma}, Reduction::kSum);
    const Tensor misses = box_loss(boxes.view(boxes.shape()), pairs.boxes, BoxLoss::kIou, {.eps = 0});
    const Tensor quality = at_pairs(logits.shape(), pairs, Tensor::full(misses.shape(), 1) - misses);
    return varifocal_loss(logits, wanted, quality, {.alpha = alpha, .gamma = gamma}, Reduction::kSum);
  };
  return scale(sum(), static_cast<float>(1 / objects));
}

// Percent of the pairs whose highest logit is another class's; as in DETR, 100 if there are none.
double class_error(const Tensor& logits, const Pairs& pairs) {
  if (pairs.rows.empty()) return 100;
  const int64_t C = logits.dim(1);
  int64_t wrong = 0;
  for (size_t i = 0; i < pairs.rows.size(); ++i) {
    const float* const row = logits.data() + pairs.rows[i] * C;
    wrong += std::max_element(row, row + C) - row != pairs.labels[i];
  }
  return 100 * static_cast<double>(wrong) / static_cast<double>(pairs.rows.size());
}

void expect_fit(const BoxPredictions& predictions, const std::vector<BoxTargets>& targets, double objects) {
  const Shape& logits = predictions.logits.shape();
  if (logits.rank() != 3 || predictions.boxes.shape() != logits.with_last(4))
    fail("detection_loss: logits ", logits, " and boxes ", predictions.boxes.shape(),
         " are not [B, N, classes] and [B, N, 4]");
  if (logits[0] != static_cast<int64_t>(targets.size()))
    fail("detection_loss: ", targets.size(), " pictures' targets for logits ", logits);
  if (!(objects > 0)) fail("detection_loss: the number of objects to divide by is ", objects);
}

double count_of(const std::vector<BoxTargets>& targets) {
  size_t count = 0;
  for (const BoxTargets& t : targets) count += t.labels.size();
  return static_cast<double>(count);
}

Tensor weighted(const LossParts& parts, const DetectionLossConfig& config) {
  return scale(parts.label, config.label) + scale(parts.box, config.box) + scale(parts.giou, config.giou);
}

std::vector<BoxTargets> without_classes(std::vector<BoxTargets> targets) {
  for (BoxTargets& t : targets) std::fill(t.labels.begin(), t.labels.end(), 0);
  return targets;
}

// What each denoising query stands for follows from its place.
std::vector<Matches> denoising_matches(const std::vector<BoxTargets>& targets,
                                       const DenoisingQueries& denoising) {
  const int64_t queries = denoising.boxes.dim(1), group = denoising.group;
  if (group < 1 || queries % group != 0)
    fail("detection_loss: ", queries, " denoising queries are not groups of ", group);
  std::vector<Matches> matches;
  for (const BoxTargets& t : targets) {
    const int64_t count = static_cast<int64_t>(t.labels.size());
    if (count > group)
      fail("detection_loss: groups of ", group, " denoising queries for ", count, " targets");
    Matches& own = matches.emplace_back();
    for (int64_t first = 0; first < queries; first += group)
      for (int64_t i = 0; i < count; ++i) own.push_back({first + i, i});
  }
  return matches;
}

}  // namespace

double cardinality_error(const BoxPredictions& predictions, const std::vector<BoxTargets>& targets,
                         BoxScores scores) {
  const int64_t N = predictions.logits.dim(1), C = predictions.logits.dim(2);
  double sum = 0;
  for (size_t b = 0; b < targets.size(); ++b) {
    int64_t found = 0;
    for (int64_t q = 0; q < N; ++q) {
      const float* const row = predictions.logits.data() + (static_cast<int64_t>(b) * N + q) * C;
      const float* const top = std::max_element(row, row + C);
      found += scores == BoxScores::kSoftmax ? top != row + C - 1 : *top > 0;
    }
    sum += std::abs(static_cast<double>(found) - static_cast<double>(targets[b].labels.size()));
  }
  return targets.empty() ? 0 : sum / static_cast<double>(targets.size());
}

LossParts detection_loss(const BoxPredictions& predictions, const std::vector<BoxTargets>& targets,
                         const std::vector<Matches>& matches, double objects,
                         const DetectionLossConfig& config) {
  expect_fit(predictions, targets, objects);
  const int64_t B = predictions.logits.dim(0), N = predictions.logits.dim(1), C = predictions.logits.dim(2);
  const Pairs pairs = pairs_of(targets, matches, N);
  const Tensor logits = reshape(predictions.logits, {B * N, C});
  const Tensor boxes = embedding(reshape(predictions.boxes, {B * N, 4}), pairs.rows);
  const Tensor corners = box_corners(boxes);
  const Pairs framed{pairs.rows, pairs.labels, box_corners(pairs.boxes)};
  const auto share = [objects](const Tensor& sum) { return scale(sum, static_cast<float>(1 / objects)); };
  return {.label = config.scores == BoxScores::kSoftmax
                       ? softmax_label_loss(logits, pairs, config.nothing)
                       : sigmoid_label_loss(logits, corners, framed, objects, config),
          .box = share(l1_loss(boxes, pairs.boxes, Reduction::kSum)),
          .giou = share(reduce(box_loss(corners, framed.boxes, BoxLoss::kGiou, {.eps = 0}), Reduction::kSum)),
          .cardinality_error = cardinality_error(predictions, targets, config.scores),
          .class_error = class_error(logits, pairs)};
}

DetectionLoss detection_loss(const DetectorOutput& output, const std::vector<BoxTargets>& targets,
                             const DetectionLossConfig& config, const DenoisingQueries* denoising) {
  if (output.layers.empty()) fail("detection_loss: the output has no layers");
  if (!output.denoised.empty() && !denoising)
    fail("detection_loss: the output has denoised queries, and nothing says what they stand for");
  const double objects = std::max(1.0, count_of(targets));
  MatchCosts costs = config.costs;
  costs.scores = config.scores;
  DetectionLoss loss;
  const auto add = [&](const LossParts& parts) {
    const Tensor sum = weighted(parts, config);
    loss.total = loss.total ? loss.total + sum : sum;
  };
  for (const BoxPredictions& layer : output.layers) {
    loss.last = detection_loss(layer, targets, match(layer, targets, costs), objects, config);
    add(loss.last);
  }
  if (output.tokens) {
    const auto known = config.tokens_have_classes ? targets : without_classes(targets);
    const auto matches = match(*output.tokens, known, costs, config.token_copies);
    add(detection_loss(*output.tokens, known, matches, objects * static_cast<double>(config.token_copies),
                       config));
  }
  if (output.denoised.empty()) return loss;
  const auto matches = denoising_matches(targets, *denoising);
  const double groups = static_cast<double>(denoising->boxes.dim(1) / denoising->group);
  for (const BoxPredictions& layer : output.denoised)
    add(detection_loss(layer, targets, matches, objects * groups, config));
  return loss;
}

}  // namespace fovea
