#include "apps/evaluation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <ostream>
#include <set>

#include "apps/encode.h"
#include "apps/output_folder.h"
#include "attention/base/atomic_file.h"
#include "vision/confusion_matrix.h"

namespace fovea {
namespace {

constexpr const char *kConfusionTable = "confusion.csv", *kConfusionPicture = "confusion.png";

struct ClassResult {
  size_t id;
  int64_t count = 0, right = 0;
  double accuracy() const { return static_cast<double>(right) / static_cast<double>(count); }
};

// Of each class that has pictures, in the order of the classes.
std::vector<ClassResult> by_class(const EvaluationReport& report) {
  std::vector<ClassResult> classes;
  for (const auto& [taken, count] : report.result.taken_for) {
    const auto truth = static_cast<size_t>(taken.first);
    if (classes.empty() || classes.back().id != truth) classes.push_back({truth});
    classes.back().count += count;
    if (taken.second == taken.first) classes.back().right += count;
  }
  return classes;
}

std::string percent_line(const char* name, int64_t right, int64_t count) {
  const Interval interval = wilson_interval(right, count);
  return fmt::format("{:<12} {:.2f} %  ({} of {}; 95 % interval {:.2f} to {:.2f} %)\n", name,
                     100 * static_cast<double>(right) / static_cast<double>(count), right, count,
                     100 * interval.low, 100 * interval.high);
}

}  // namespace

void write_text(const EvaluationReport& report, std::ostream& out) {
  const Evaluation& result = report.result;
  out << fmt::format("{}  {}{}\n", report.model, report.data,
                     report.split.empty() ? "" : " (" + report.split + ")")
      << percent_line("top-1", result.right, result.count)
      << percent_line("top-5", result.right_of_five, result.count)
      << fmt::format("{:<12} {:.4f}\n", "loss", result.loss())
      << fmt::format("{:<12} {:.1f} images/s, {} threads, {}\n\n", "throughput",
                     static_cast<double>(result.count) / report.seconds, report.threads, report.isa);
  size_t width = 0;
  const std::vector<ClassResult> classes = by_class(report);
  for (const ClassResult& c : classes) width = std::max(width, report.labels[c.id].size());
  for (const ClassResult& c : classes)
    out << fmt::format("  {:<{}}  {:6.2f} %  {} of {}\n", report.labels[c.id], width, 100 * c.accuracy(),
                       c.right, c.count);
}

void write_json(const EvaluationReport& report, std::ostream& out) {
  using Json = nlohmann::ordered_json;
  const Evaluation& result = report.result;
  const auto share = [&](int64_t right) {
    const Interval interval = wilson_interval(right, result.count);
    return Json{{"accuracy", static_cast<double>(right) / static_cast<double>(result.count)},
                {"right", right},
                {"interval_95", {interval.low, interval.high}}};
  };
  Json classes = Json::array();
  for (const ClassResult& c : by_class(report))
    classes.push_back({{"label", report.labels[c.id]},
                       {"class_id", c.id},
                       {"pictures", c.count},
                       {"right", c.right},
                       {"accuracy", c.accuracy()}});
  Json failures = Json::array();
  for (const PictureFailure& failure : result.failures)
    failures.push_back({{"source", failure.name}, {"message", failure.reason}});
  const Json json = {{"schema", "fovea.evaluation/1"},
                     {"task", "classify"},
                     {"model", report.model},
                     {"data", report.data},
                     {"split", report.split.empty() ? Json() : Json(report.split)},
                     {"pictures", result.count},
                     {"top1", share(result.right)},
                     {"top5", share(result.right_of_five)},
                     {"loss", result.loss()},
                     {"classes", classes},
                     {"failures", failures},
                     {"seconds", report.seconds},
                     {"images_per_second", static_cast<double>(result.count) / report.seconds},
                     {"threads", report.threads},
                     {"isa", report.isa}};
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

void claim_confusion(const std::string& folder, bool force) {
  claim_files("--save", folder, {kConfusionTable, kConfusionPicture}, force);
}

void save_confusion(const EvaluationReport& report, const std::filesystem::path& folder) {
  const auto& taken_for = report.result.taken_for;
  std::set<int64_t> rows, columns;
  for (const auto& [taken, count] : taken_for) {
    rows.insert(taken.first);
    columns.insert({taken.first, taken.second});
  }
  const auto label = [&](int64_t id) { return report.labels[static_cast<size_t>(id)]; };
  std::string table = "class";
  std::vector<std::string> row_names, column_names;
  std::vector<int64_t> counts;
  for (const int64_t named : columns) {
    column_names.push_back(label(named));
    table += "," + csv_field(label(named));
  }
  table += "\n";
  for (const int64_t truth : rows) {
    row_names.push_back(label(truth));
    table += csv_field(label(truth));
    for (const int64_t named : columns) {
      const auto found = taken_for.find({truth, named});
      counts.push_back(found == taken_for.end() ? 0 : found->second);
      table += fmt::format(",{}", counts.back());
    }
    table += "\n";
  }
  write_file(folder / kConfusionTable, table);
  std::vector<uchar> png;
  cv::imencode(".png", draw_confusion_matrix(counts, row_names, column_names), png);
  write_file(folder / kConfusionPicture, std::as_bytes(std::span(png)));
}

}  // namespace fovea
