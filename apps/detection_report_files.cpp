#include <fmt/format.h>

#include <opencv2/imgcodecs.hpp>

#include "apps/detection_report.h"
#include "apps/encode.h"
#include "apps/exit_code.h"
#include "apps/output_folder.h"
#include "attention/base/atomic_file.h"
#include "vision/coco_results.h"
#include "vision/precision_recall_chart.h"

namespace fovea {
namespace {

constexpr const char *kTable = "per_class.csv", *kCurves = "pr_curves.png", *kDetections = "detections.json";

std::string class_table(const CocoEvaluation& evaluation) {
  std::string table = "class,category_id,objects,detections,AP,AP50,AP75,AP_small,AP_medium,AP_large,AR\n";
  for (int64_t k = 0; k < std::ssize(evaluation.categories); ++k) {
    const Category& category = evaluation.categories[static_cast<size_t>(k)];
    const CategoryFigures f = figures_of(evaluation, k);
    table += fmt::format("{},{},{},{}", csv_field(category.name), category.id, f.objects, f.detections);
    for (const double figure : {f.ap, f.ap50, f.ap75, f.ap_small, f.ap_medium, f.ap_large, f.ar})
      table += figure < 0 ? "," : "," + json_number(figure);
    table += "\n";
  }
  return table;
}

}  // namespace

void claim_report(const std::string& folder, bool force, bool detections) {
  std::vector<std::string> names = {kTable, kCurves};
  if (detections) names.push_back(kDetections);
  claim_files("--save", folder, names, force);
}

void save_report(const DetectionReport& report, const std::filesystem::path& folder) {
  write_file(folder / kTable, class_table(report.evaluation));
  std::vector<uchar> png;
  cv::imencode(".png", draw_precision_recall(report.evaluation), png);
  write_file(folder / kCurves, std::as_bytes(std::span(png)));
  if (!report.model.empty()) write_file(folder / kDetections, coco_results_json(report.found, report.truth));
}

}  // namespace fovea
