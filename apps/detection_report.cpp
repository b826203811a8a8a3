#include "apps/detection_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <ostream>

#include "attention/base/shown_name.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFigureNames[12] = {"AP",  "AP50", "AP75",  "AP_small", "AP_medium", "AP_large",
                                          "AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"};

std::string cell(double figure) {
  return figure < 0 ? "-" : fmt::format("{:.3f}", figure);
}

std::string counted(int64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Json json_figure(double figure) {
  return figure < 0 ? Json() : Json(figure);
}

int64_t objects_of(const CocoEvaluation& evaluation, int64_t category) {
  return evaluation.objects[static_cast<size_t>(category) * evaluation.params.areas.size()];
}

int64_t all_objects(const CocoEvaluation& evaluation) {
  int64_t sum = 0;
  for (int64_t k = 0; k < std::ssize(evaluation.categories); ++k) sum += objects_of(evaluation, k);
  return sum;
}

int64_t all_detections(const CocoEvaluation& evaluation) {
  return std::accumulate(evaluation.detections.begin(), evaluation.detections.end(), int64_t{0});
}

Json class_json(const CocoEvaluation& evaluation, int64_t k) {
  const Category& category = evaluation.categories[static_cast<size_t>(k)];
  const CategoryFigures figures = figures_of(evaluation, k);
  return {{"label", category.name},
          {"category_id", category.id},
          {"objects", figures.objects},
          {"detections", figures.detections},
          {"AP", json_figure(figures.ap)},
          {"AP50", json_figure(figures.ap50)},
          {"AP75", json_figure(figures.ap75)},
          {"AP_small", json_figure(figures.ap_small)},
          {"AP_medium", json_figure(figures.ap_medium)},
          {"AP_large", json_figure(figures.ap_large)},
          {"AR", json_figure(figures.ar)}};
}

}  // namespace

CategoryFigures figures_of(const CocoEvaluation& evaluation, int64_t category) {
  const int64_t most = evaluation.params.max_detections.back();
  const auto precision = [&](std::optional<double> iou, const char* area) {
    return evaluation.mean_precision(
        {.iou = iou, .area = area, .max_detections = most, .category = category});
  };
  return {.objects = objects_of(evaluation, category),
          .detections = evaluation.detections[static_cast<size_t>(category)],
          .ap = precision({}, "all"),
          .ap50 = precision(0.5, "all"),
          .ap75 = precision(0.75, "all"),
          .ap_small = precision({}, "small"),
          .ap_medium = precision({}, "medium"),
          .ap_large = precision({}, "large"),
          .ar = evaluation.mean_recall({.max_detections = most, .category = category})};
}

void write_text(const DetectionReport& report, std::ostream& out) {
  const CocoEvaluation& evaluation = report.evaluation;
  out << fmt::format("{}  {}{}  {}, {}, {}\n", report.model.empty() ? report.results : report.model,
                     report.data, report.split.empty() ? "" : " (" + report.split + ")",
                     counted(report.pictures, "picture"), counted(all_objects(evaluation), "object"),
                     counted(all_detections(evaluation), "detection"));
  if (!report.model.empty())
    out << fmt::format("{:.1f} images/s, {}, {}\n", static_cast<double>(report.pictures) / report.seconds,
                       counted(report.threads, "thread"), report.isa);
  out << "\n" << coco_summary(evaluation) << "\n";
  size_t width = 5;
  for (const Category& category : evaluation.categories)
    width = std::max(width, on_one_line(category.name).size());
  out << fmt::format("  {:<{}}     AP   AP50   AP75  small medium  large     AR  objects  detections\n",
                     "class", width);
  for (int64_t k = 0; k < std::ssize(evaluation.categories); ++k) {
    const CategoryFigures f = figures_of(evaluation, k);
    out << fmt::format("  {:<{}}", on_one_line(evaluation.categories[static_cast<size_t>(k)].name), width);
    for (const double figure : {f.ap, f.ap50, f.ap75, f.ap_small, f.ap_medium, f.ap_large, f.ar})
      out << fmt::format("  {:>5}", cell(figure));
    out << fmt::format("  {:>7}  {:>10}\n", f.objects, f.detections);
  }
}

void write_json(const DetectionReport& report, std::ostream& out) {
  const CocoEvaluation& evaluation = report.evaluation;
  Json figures, classes = Json::array(), failures = Json::array();
  for (size_t i = 0; i < 12; ++i) figures[kFigureNames[i]] = json_figure(evaluation.stats[i]);
  for (int64_t k = 0; k < std::ssize(evaluation.categories); ++k)
    classes.push_back(class_json(evaluation, k));
  for (const PictureFailure& failure : report.failures)
    failures.push_back({{"source", failure.name}, {"message", failure.reason}});
  const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  Json json = {{"schema", "fovea.evaluation/1"},
               {"task", "detect"},
               {"model", or_null(report.model)},
               {"results", or_null(report.results)},
               {"data", report.data},
               {"split", or_null(report.split)},
               {"pictures", report.pictures},
               {"objects", all_objects(evaluation)},
               {"detections", all_detections(evaluation)},
               {"figures", figures},
               {"stats", evaluation.stats},
               {"classes", classes},
               {"failures", failures}};
  if (!report.model.empty()) {
    json["seconds"] = report.seconds;
    json["images_per_second"] = static_cast<double>(report.pictures) / report.seconds;
    json["threads"] = report.threads;
    json["isa"] = report.isa;
  }
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

}  // namespace fovea
