#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

// A box that a detector found in one of many pictures.
struct ScoredBox {
  int64_t picture = 0;   // index into AnnotatedPictures::pictures
  int64_t category = 0;  // index into AnnotatedPictures::categories
  Box box;
  double score = 0;
  double area = 0;  // width times height, if known to more digits than the box's edges; else 0
};

// Objects by their area in pixels, both ends included.
struct AreaRange {
  std::string name;
  double low = 0, high = std::numeric_limits<double>::infinity();
};

// `count` numbers from `first` to `last`, the same to the last bit as numpy.linspace.
std::vector<double> evenly_spaced(double first, double last, int64_t count);

// As pycocotools' Params; the values here are COCO's.
struct CocoParams {
  std::vector<double> iou_thresholds = evenly_spaced(0.5, 0.95, 10);
  std::vector<double> recall_thresholds = evenly_spaced(0, 1, 101);
  std::vector<AreaRange> areas = {
      {"all", 0, 1e10}, {"small", 0, 1024}, {"medium", 1024, 9216}, {"large", 9216, 1e10}};
  std::vector<int64_t> max_detections = {1, 10, 100};   // best of a picture (and category) that count
  bool by_category = true;                              // false: a box of any category fits an object
  std::vector<int64_t> pictures = {}, categories = {};  // ids of those that count; none: all
};

// Which of the figures a mean is over; what is not set is over all of its kind.
struct CocoSlice {
  std::optional<double> iou = {};
  std::string area = "all";
  int64_t max_detections = 100;
  std::optional<int64_t> category = {};  // index into CocoEvaluation::categories
};

// What pycocotools' COCOeval says of boxes. The arrays are [T][R][K][A][M] and (recall) [T][K][A][M] of IoU
// threshold, recall threshold, category, area range and greatest number of detections; -1 where there is no
// object to find.
struct CocoEvaluation {
  CocoParams params;                 // max_detections ascending
  std::vector<Category> categories;  // those that were looked at, by ascending id; one, if not by category
  std::vector<int64_t> objects;      // to be found, of each category: [K][A]
  std::vector<int64_t> detections;   // of each category
  std::vector<double> precision, recall, scores;
  std::array<double, 12> stats{};  // COCO's figures in COCO's order; -1 where there are none

  double ap() const { return stats[0]; }    // mAP over the IoU thresholds
  double ap50() const { return stats[1]; }  // at IoU 0.5 alone
  // Mean of what is not -1, or -1.
  double mean_precision(const CocoSlice& slice) const;
  double mean_recall(const CocoSlice& slice) const;

  // precision (or scores) over the recall thresholds; empty if that is no threshold.
  std::vector<double> curve(const std::vector<double>& values, double iou, int64_t category) const;
};

// Objects that are a crowd or difficult are no misses. Equal scores keep the order of `found`; the pictures'
// own order is of no account.
CocoEvaluation evaluate_detections(const AnnotatedPictures& truth, std::span<const ScoredBox> found,
                                   const CocoParams& params = {});

// The twelve lines that pycocotools prints.
std::string coco_summary(const CocoEvaluation& evaluation);

}  // namespace fovea
