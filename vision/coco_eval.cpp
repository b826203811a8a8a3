#include "vision/coco_eval.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "vision/coco_matching.h"

namespace fovea {
namespace {

// The sizes of the arrays, and where a figure lies in them.
struct Extent {
  size_t thresholds, recalls, kinds, areas, limits;

  explicit Extent(const CocoEvaluation& evaluation)
      : thresholds(evaluation.params.iou_thresholds.size()),
        recalls(evaluation.params.recall_thresholds.size()),
        kinds(evaluation.categories.size()),
        areas(evaluation.params.areas.size()),
        limits(evaluation.params.max_detections.size()) {}
  size_t recall_at(size_t t, size_t k, size_t a, size_t m) const {
    return ((t * kinds + k) * areas + a) * limits + m;
  }
  size_t precision_at(size_t t, size_t r, size_t k, size_t a, size_t m) const {
    return (((t * recalls + r) * kinds + k) * areas + a) * limits + m;
  }
};

// One category's detections, best first.
std::vector<int64_t> by_score(const CocoMatches& matches, size_t kind) {
  std::vector<int64_t> order(static_cast<size_t>(matches.first[kind + 1] - matches.first[kind]));
  std::iota(order.begin(), order.end(), matches.first[kind]);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return matches.scores[static_cast<size_t>(a)] > matches.scores[static_cast<size_t>(b)];
  });
  return order;
}

// The objects that detections find, one by one: only there does recall rise, and precision only falls
// between.
class FoundObjects {
 public:
  FoundObjects(const std::vector<int64_t>& order, const Found* outcome, int64_t objects) : objects_(objects) {
    int64_t wrong = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      const Found found = outcome[order[i]];
      wrong += found == Found::kNothing;
      if (found != Found::kObject) continue;
      places_.push_back(i);
      const auto right = static_cast<double>(places_.size());
      precision_.push_back(right /
                           (static_cast<double>(wrong) + right + std::numeric_limits<double>::epsilon()));
    }
    for (size_t n = precision_.size(); n-- > 1;)
      precision_[n - 1] = std::max(precision_[n - 1], precision_[n]);
  }

  double recall() const { return recall_after(places_.size()); }
  // How many found objects it takes for this recall; more than there are if it is never reached.
  size_t needed_for(double recall) const {
    size_t low = 0, high = places_.size() + 1;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      recall_after(middle) < recall ? low = middle + 1 : high = middle;
    }
    return low;
  }
  bool reaches(size_t count) const { return count <= places_.size(); }
  // From there on; the first detection stands for no object at all.
  double best_precision(size_t count) const {
    return precision_.empty() ? 0 : precision_[std::max<size_t>(count, 1) - 1];
  }
  size_t place(size_t count) const { return count == 0 ? 0 : places_[count - 1]; }

 private:
  double recall_after(size_t count) const {
    return static_cast<double>(count) / static_cast<double>(objects_);
  }

  int64_t objects_;
  std::vector<size_t> places_;  // in the order of scores
  std::vector<double> precision_;
};

void fill(CocoEvaluation& evaluation, const CocoMatches& matches, const std::vector<int64_t>& best_first,
          size_t k, size_t a) {
  const Extent extent(evaluation);
  const CocoParams& params = evaluation.params;
  const int64_t objects = matches.objects[k * extent.areas + a];
  if (objects == 0) return;
  for (size_t m = 0; m < extent.limits; ++m) {
    std::vector<int64_t> order;
    std::copy_if(best_first.begin(), best_first.end(), std::back_inserter(order),
                 [&](int64_t d) { return matches.ranks[static_cast<size_t>(d)] < params.max_detections[m]; });
    for (size_t t = 0; t < extent.thresholds; ++t) {
      const FoundObjects found(
          order, matches.outcome.data() + (a * extent.thresholds + t) * matches.scores.size(), objects);
      evaluation.recall[extent.recall_at(t, k, a, m)] = found.recall();
      bool reached = !order.empty();
      for (size_t r = 0; r < extent.recalls; ++r) {
        const size_t count = found.needed_for(params.recall_thresholds[r]);
        reached = reached && found.reaches(count);  // pycocotools ends at the first that is not
        const size_t place = extent.precision_at(t, r, k, a, m);
        evaluation.precision[place] = reached ? found.best_precision(count) : 0;
        evaluation.scores[place] =
            reached ? matches.scores[static_cast<size_t>(order[found.place(count)])] : 0;
      }
    }
  }
}

void check(const CocoParams& params) {
  if (params.iou_thresholds.empty() || params.recall_thresholds.empty() || params.areas.empty() ||
      params.max_detections.empty())
    fail(
        "evaluate_detections: needs an IoU threshold, a recall threshold, an area range and a number of "
        "detections");
  for (const double threshold : params.iou_thresholds)
    if (!(threshold >= 0 && threshold <= 1)) fail("evaluate_detections: no IoU is ", threshold);
  for (const int64_t most : params.max_detections)
    if (most < 0) fail("evaluate_detections: no picture has ", most, " detections");
}

std::array<double, 12> figures(const CocoEvaluation& evaluation) {
  const auto limit = [&](size_t i) {  // -1, which none is, if there are not so many
    const std::vector<int64_t>& limits = evaluation.params.max_detections;
    return i < limits.size() ? limits[i] : -1;
  };
  std::array<double, 12> stats{};
  stats[0] = evaluation.mean_precision({});
  stats[1] = evaluation.mean_precision({.iou = 0.5, .max_detections = limit(2)});
  stats[2] = evaluation.mean_precision({.iou = 0.75, .max_detections = limit(2)});
  const char* const areas[] = {"small", "medium", "large"};
  for (size_t i = 0; i < 3; ++i) {
    stats[3 + i] = evaluation.mean_precision({.area = areas[i], .max_detections = limit(2)});
    stats[6 + i] = evaluation.mean_recall({.max_detections = limit(i)});
    stats[9 + i] = evaluation.mean_recall({.area = areas[i], .max_detections = limit(2)});
  }
  return stats;
}

std::string fixed(double value, int digits) {
  std::array<char, 400> text{};
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits).ptr};
}

// To the right in `width` places; to the left if it is below 0.
std::string padded(const std::string& text, int width) {
  const std::string spaces(std::max<size_t>(text.size(), static_cast<size_t>(std::abs(width))) - text.size(),
                           ' ');
  return width < 0 ? text + spaces : spaces + text;
}

// Mean of the values at [T][inner][K][A][M] that the slice covers.
double mean_of(const CocoEvaluation& evaluation, const std::vector<double>& values, size_t inner,
               const CocoSlice& slice) {
  const Extent extent(evaluation);
  const CocoParams& params = evaluation.params;
  if (slice.category && (*slice.category < 0 || *slice.category >= std::ssize(evaluation.categories)))
    fail("CocoEvaluation: category ", *slice.category, " of ", evaluation.categories.size());
  const size_t first = slice.category ? static_cast<size_t>(*slice.category) : 0;
  const size_t end = slice.category ? first + 1 : extent.kinds;
  std::vector<size_t> corners;  // of the area ranges and numbers of detections that are asked for
  for (size_t i = 0; i < extent.areas * extent.limits; ++i)
    if (params.areas[i / extent.limits].name == slice.area &&
        params.max_detections[i % extent.limits] == slice.max_detections)
      corners.push_back(i);
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < extent.thresholds * inner; ++i) {
    if (slice.iou && params.iou_thresholds[i / inner] != *slice.iou) continue;
    for (size_t k = first; k < end; ++k)
      for (const size_t corner : corners) {
        const double value = values[(i * extent.kinds + k) * extent.areas * extent.limits + corner];
        if (value < 0) continue;
        sum += value;
        ++count;
      }
  }
  return count ? sum / static_cast<double>(count) : -1;
}

}  // namespace

std::vector<double> evenly_spaced(double first, double last, int64_t count) {
  std::vector<double> numbers;
  const double step = (last - first) / static_cast<double>(std::max<int64_t>(count - 1, 1));
  for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<double>(i) * step + first);
  if (count > 1) numbers.back() = last;
  return numbers;
}

double CocoEvaluation::mean_precision(const CocoSlice& slice) const {
  return mean_of(*this, precision, params.recall_thresholds.size(), slice);
}

double CocoEvaluation::mean_recall(const CocoSlice& slice) const {
  return mean_of(*this, recall, 1, slice);
}

std::vector<double> CocoEvaluation::curve(const std::vector<double>& values, double iou,
                                          int64_t category) const {
  const Extent extent(*this);
  std::vector<double> along;
  for (size_t t = 0; t < extent.thresholds; ++t) {
    if (params.iou_thresholds[t] != iou) continue;
    for (size_t r = 0; r < extent.recalls; ++r)
      along.push_back(
          values.at(extent.precision_at(t, r, static_cast<size_t>(category), 0, extent.limits - 1)));
    break;
  }
  return along;
}

CocoEvaluation evaluate_detections(const AnnotatedPictures& truth, std::span<const ScoredBox> found,
                                   const CocoParams& params) {
  check(params);
  CocoEvaluation evaluation;
  evaluation.params = params;
  std::sort(evaluation.params.max_detections.begin(), evaluation.params.max_detections.end());
  if (params.by_category) {
    for (const int64_t i : chosen_categories(truth, params))
      evaluation.categories.push_back(truth.categories[static_cast<size_t>(i)]);
  } else {
    evaluation.categories = {{-1, "any"}};
  }
  const CocoMatches matches = match_detections(truth, found, evaluation.params);
  const Extent extent(evaluation);
  const size_t figures_of_recall = extent.thresholds * extent.kinds * extent.areas * extent.limits;
  evaluation.recall.assign(figures_of_recall, -1);
  evaluation.precision.assign(figures_of_recall * extent.recalls, -1);
  evaluation.scores = evaluation.precision;
  std::vector<std::vector<int64_t>> best_first(extent.kinds);
  parallel_for(static_cast<int64_t>(extent.kinds), 1, [&](int64_t begin, int64_t end) {
    for (auto k = static_cast<size_t>(begin); k < static_cast<size_t>(end); ++k)
      best_first[k] = by_score(matches, k);
  });
  parallel_for(static_cast<int64_t>(extent.kinds * extent.areas), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      fill(evaluation, matches, best_first[i / extent.areas], i / extent.areas, i % extent.areas);
  });
  evaluation.objects = matches.objects;
  for (size_t k = 0; k < extent.kinds; ++k)
    evaluation.detections.push_back(matches.first[k + 1] - matches.first[k]);
  evaluation.stats = figures(evaluation);
  return evaluation;
}

std::string coco_summary(const CocoEvaluation& evaluation) {
  const CocoParams& params = evaluation.params;
  const std::string iou =
      fixed(params.iou_thresholds.front(), 2) + ":" + fixed(params.iou_thresholds.back(), 2);
  const auto limit = [&](size_t i) {
    return i < params.max_detections.size() ? std::to_string(params.max_detections[i]) : "-";
  };
  const char* const areas[] = {"all", "all", "all", "small", "medium", "large"};
  std::string text;
  for (size_t i = 0; i < 12; ++i) {
    const bool precision = i < 6;
    const std::string at = i == 1 ? "0.50" : i == 2 ? "0.75" : iou;
    const std::string most = i == 0 ? "100" : limit(i == 6 ? 0 : i == 7 ? 1 : 2);
    text += std::string(" Average ") + (precision ? "Precision  (AP)" : "Recall     (AR)") +
            " @[ IoU=" + padded(at, -9) + " | area=" + padded(areas[i % 6], 6) +
            " | maxDets=" + padded(most, 3) + " ] = " + fixed(evaluation.stats[i], 3) + "\n";
  }
  return text;
}

}  // namespace fovea
