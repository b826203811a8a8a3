#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "vision/batch.h"
#include "vision/coco_eval.h"

namespace fovea {

// How a detector did, and on what.
struct DetectionReport {
  std::string model, results;  // who found the boxes: a model, or another program whose file this is
  std::string data, split;
  AnnotatedPictures truth;
  std::vector<ScoredBox> found;
  CocoEvaluation evaluation;
  std::vector<PictureFailure> failures;  // pictures that could not be read, and do not count
  int64_t pictures = 0;                  // that count
  double seconds = 0;                    // that the model took
  int threads = 1;
  std::string isa;
};

// COCO's figures of one category; -1 where it has no object to find.
struct CategoryFigures {
  int64_t objects, detections;
  double ap, ap50, ap75, ap_small, ap_medium, ap_large, ar;
};
CategoryFigures figures_of(const CocoEvaluation& evaluation, int64_t category);

void write_text(const DetectionReport& report, std::ostream& out);
void write_json(const DetectionReport& report, std::ostream& out);

// Before the work: fails unless such a report can be written into the folder, which is made. Nothing that is
// there is written over unless `force`.
void claim_report(const std::string& folder, bool force, bool detections);
// per_class.csv and pr_curves.png; detections.json, if a model found the boxes.
void save_report(const DetectionReport& report, const std::filesystem::path& folder);

}  // namespace fovea
