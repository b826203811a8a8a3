#include "apps/data_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "apps/encode.h"
#include "attention/base/shown_name.h"

namespace fovea {
namespace {

using Kind = AnnotationProblem::Kind;

constexpr size_t kShown = 5;
constexpr std::pair<Kind, const char*> kKinds[] = {
    {Kind::kSkipped, "left out"}, {Kind::kRepaired, "repaired"}, {Kind::kNoted, "noted"}};

struct ProblemGroup {
  std::string code;
  int64_t count = 0;
  std::vector<std::string> messages;
};

// By code, the most frequent first.
std::vector<ProblemGroup> groups_of(const DataReport& report, Kind kind) {
  std::map<std::string, ProblemGroup> by_code;
  for (const AnnotationProblem& problem : report.problems) {
    if (problem.kind != kind) continue;
    ProblemGroup& group = by_code[problem.code];
    group.code = problem.code;
    group.count += problem.count;
    group.messages.push_back(problem.message);
  }
  std::vector<ProblemGroup> groups;
  for (auto& [code, group] : by_code) groups.push_back(std::move(group));
  std::ranges::stable_sort(groups, std::greater<>(), &ProblemGroup::count);
  return groups;
}

std::string counted(int64_t count, const char* what) {
  return grouped(count) + " " + what + (count == 1 ? "" : "s");
}

std::string size_text(const DataReport::BoxSize& box) {
  return fmt::format("{:.4g} x {:.4g}", box.width, box.height);
}

template <class Value>
const Value& middle(const std::vector<Value>& values) {
  return values[values.size() / 2];
}

void write_problems(const DataReport& report, std::ostream& out) {
  if (report.problems.empty()) out << "\nno problems\n";
  for (const auto& [kind, name] : kKinds)
    for (const ProblemGroup& group : groups_of(report, kind)) {
      out << fmt::format("\n{}  {}  {}\n", name, group.code, grouped(group.count));
      const size_t shown = std::min(group.messages.size(), kShown);
      for (size_t i = 0; i < shown; ++i) out << "  " << group.messages[i] << "\n";
      if (group.count > static_cast<int64_t>(shown)) out << "  ... (all of them: --format json)\n";
    }
}

}  // namespace

int64_t DataReport::count(Kind kind) const {
  int64_t total = 0;
  for (const AnnotationProblem& problem : problems)
    if (problem.kind == kind) total += problem.count;
  return total;
}

void write_text(const DataReport& report, std::ostream& out) {
  out << report.path << "  " << report.format << "\n";
  size_t width = 0;
  for (const auto& split : report.splits) width = std::max(width, split.name.size());
  for (const auto& split : report.splits) {
    out << fmt::format("  {:<{}}{}{}", split.name, width, width > 0 ? "  " : "",
                       counted(split.pictures, "picture"));
    out << (report.has_boxes() ? ", " + counted(split.objects, "object") : "") << "\n";
  }
  out << "\n";
  width = 0;
  for (const auto& category : report.categories) width = std::max(width, on_one_line(category.name).size());
  for (const auto& category : report.categories) {
    out << fmt::format("  {:<{}}  ", on_one_line(category.name), width);
    if (report.has_boxes()) out << counted(category.objects, "object") << " in ";
    out << counted(category.pictures, "picture") << "\n";
  }
  if (report.has_boxes() || !report.shared.empty()) out << "\n";
  if (!report.boxes.empty())
    out << "boxes        smallest " << size_text(report.boxes.front()) << ", median "
        << size_text(middle(report.boxes)) << ", largest " << size_text(report.boxes.back()) << " pixels\n";
  if (report.has_boxes() && !report.per_picture.empty())
    out << fmt::format("per picture  {} to {}, median {}\n", report.per_picture.front(),
                       report.per_picture.back(), middle(report.per_picture));
  for (const auto& shared : report.shared)
    out << fmt::format("shared       {} in {} and {}\n",
                       counted(static_cast<int64_t>(shared.files.size()), "file name"), shared.first,
                       shared.second);
  write_problems(report, out);
}

void write_json(const DataReport& report, std::ostream& out) {
  using Json = nlohmann::ordered_json;
  Json splits = Json::array(), categories = Json::array(), shared = Json::array(), problems = Json::array();
  for (const auto& split : report.splits)
    splits.push_back({{"name", split.name.empty() ? Json() : Json(split.name)},
                      {"pictures", split.pictures},
                      {"objects", split.objects}});
  for (const auto& category : report.categories)
    categories.push_back({{"id", category.id},
                          {"name", category.name},
                          {"objects", category.objects},
                          {"pictures", category.pictures}});
  const auto size = [](const DataReport::BoxSize& box) {
    return Json{{"width", box.width}, {"height", box.height}};
  };
  Json boxes, per_picture;
  if (!report.boxes.empty())
    boxes = {{"smallest", size(report.boxes.front())},
             {"median", size(middle(report.boxes))},
             {"largest", size(report.boxes.back())}};
  if (report.has_boxes() && !report.per_picture.empty())
    per_picture = {{"least", report.per_picture.front()},
                   {"median", middle(report.per_picture)},
                   {"most", report.per_picture.back()}};
  for (const auto& files : report.shared)
    shared.push_back(
        {{"splits", {files.first, files.second}}, {"count", files.files.size()}, {"files", files.files}});
  for (const auto& [kind, name] : kKinds)
    for (const ProblemGroup& group : groups_of(report, kind))
      problems.push_back(
          {{"kind", name}, {"code", group.code}, {"count", group.count}, {"messages", group.messages}});
  const Json json = {{"schema", "fovea.data_check/1"},
                     {"data", report.path},
                     {"format", report.format},
                     {"splits", splits},
                     {"categories", categories},
                     {"boxes", boxes},
                     {"per_picture", per_picture},
                     {"shared", shared},
                     {"left_out", report.count(Kind::kSkipped)},
                     {"repaired", report.count(Kind::kRepaired)},
                     {"noted", report.count(Kind::kNoted)},
                     {"problems", problems}};
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

}  // namespace fovea
