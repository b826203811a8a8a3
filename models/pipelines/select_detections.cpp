#include "models/pipelines/select_detections.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "attention/base/error.h"

namespace fovea {
namespace {

struct Found {
  float score;
  int64_t query, label;
};

// NaN is of no use to anyone.
void keep(std::vector<Found>& found, double score, int64_t query, int64_t label) {
  if (!std::isnan(score)) found.push_back({static_cast<float>(score), query, label});
}

// The best class of each query, as its share of all classes and "nothing", which is the last.
std::vector<Found> best_classes(std::span<const float> logits, int64_t queries, int64_t classes) {
  std::vector<Found> found;
  for (int64_t q = 0; q < queries; ++q) {
    const float* row = logits.data() + q * classes;
    const double top = *std::max_element(row, row + classes);
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(row[c] - top);
    const int64_t best = std::max_element(row, row + classes - 1) - row;
    keep(found, std::exp(row[best] - top) / sum, q, best);
  }
  return found;
}

std::vector<Found> all_classes(std::span<const float> logits, int64_t queries, int64_t classes) {
  std::vector<Found> found;
  found.reserve(logits.size());
  for (int64_t q = 0; q < queries; ++q)
    for (int64_t c = 0; c < classes; ++c)
      keep(found, 1 / (1 + std::exp(-double{logits[static_cast<size_t>(q * classes + c)]})), q, c);
  return found;
}

// {centre x, centre y, width, height} of 0 to 1, to pixels.
Box box_of(const float* b, cv::Size size, bool clip) {
  const double width = size.width, height = size.height, x = b[0], y = b[1], w = b[2], h = b[3];
  const Box box{(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height};
  if (!clip) return box;
  return {std::clamp(box.x0, 0.0, width), std::clamp(box.y0, 0.0, height), std::clamp(box.x1, 0.0, width),
          std::clamp(box.y1, 0.0, height)};
}

void check(const BoxPredictions& p, int64_t picture, const DetectionChoice& choice) {
  const Shape &logits = p.logits.shape(), &boxes = p.boxes.shape();
  if (logits.rank() != 3 || boxes != logits.with_last(4))
    fail("select_detections: logits ", logits, " and boxes ", boxes,
         " do not belong together; give [B, N, classes] and [B, N, 4]");
  if (choice.scores == BoxScores::kSoftmax && logits[2] < 2)
    fail("select_detections: a softmax over ", logits[2], " class leaves none but \"nothing\"");
  if (picture < 0 || picture >= logits[0])
    fail("select_detections: no picture ", picture, " in a batch of ", logits[0]);
  if (choice.top_k < 0) fail("select_detections: top_k is ", choice.top_k, "; give 0 or more");
}

}  // namespace

Detections select_detections(const BoxPredictions& predictions, int64_t picture, cv::Size size,
                             const DetectionChoice& choice) {
  check(predictions, picture, choice);
  const int64_t queries = predictions.logits.dim(1), classes = predictions.logits.dim(2);
  const auto each = static_cast<size_t>(queries * classes);
  const auto logits = predictions.logits.values().subspan(static_cast<size_t>(picture) * each, each);
  const bool softmax = choice.scores == BoxScores::kSoftmax;
  std::vector<Found> found =
      softmax ? best_classes(logits, queries, classes) : all_classes(logits, queries, classes);
  std::erase_if(found, [&](const Found& one) { return !(one.score > choice.threshold); });
  const auto better = [](const Found& a, const Found& b) { return a.score > b.score; };
  std::ranges::stable_sort(found, better);
  const auto most = static_cast<size_t>(choice.top_k > 0 ? choice.top_k : queries);
  if (!softmax && found.size() > most) found.resize(most);
  Detections detections;
  for (const auto& [score, query, label] : found) {
    const float* box = predictions.boxes.data() + (picture * queries + query) * 4;
    detections.push_back({box_of(box, size, choice.clip), label, score, query});
  }
  return detections;
}

bool is_finite(const BoxPredictions& predictions) {
  const auto good = [](const Tensor& values) {
    return std::ranges::all_of(values.values(), [](float v) { return std::isfinite(v); });
  };
  return good(predictions.logits) && good(predictions.boxes);
}

}  // namespace fovea
