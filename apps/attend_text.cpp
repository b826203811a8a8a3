#include "apps/attend_text.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/encode.h"

namespace fovea {
namespace {

std::string number(double value) {
  return json_number(static_cast<float>(value));
}

std::string optional_number(std::optional<int64_t> value) {
  return value ? std::to_string(*value) : "null";
}

std::string point(const std::optional<cv::Point2d>& at) {
  return at ? fmt::format("[{},{}]", number(at->x), number(at->y)) : "null";
}

std::string path(const std::string& file) {
  return file.empty() ? "null" : json_string(file);
}

const char* name_of(HeadFusion fusion) {
  return fusion == HeadFusion::kMean ? "mean" : fusion == HeadFusion::kMax ? "max" : "min";
}

std::string size_of(const ExplainedMap& map) {
  if (map.kind == MapKind::kPoints) return fmt::format("{} points", map.points.size());
  if (map.kind == MapKind::kChannels) return fmt::format("{} channels", map.values.cols);
  return fmt::format("{}×{}", map.values.cols, map.values.rows);
}

std::string written(const std::string& file) {
  return file.empty() ? "" : "  → " + file;
}

std::string map_text(const AttendedMap& made, const AttendWords& words) {
  const ExplainedMap& map = made.map;
  std::string line = fmt::format("  {}  {}  {}  {}  {:.4g} to {:.4g}", fovea::name_of(map.kind), part_of(map),
                                 map.subject, size_of(map), made.range.low, made.range.high);
  if (made.peak)  // the pixel that it lies in
    line += fmt::format("  greatest at {:.0f}, {:.0f}", std::floor(made.peak->x), std::floor(made.peak->y));
  line += written(made.file) + written(made.raw) + "\n";
  if (made.faithfulness)
    line += fmt::format(
        "    deletion area {:.4f} (small is good; {:.4f} by chance)  insertion area {:.4f} (large is good; "
        "{:.4f} by "
        "chance)\n",
        made.faithfulness->deletion_area, made.by_chance->deletion_area, made.faithfulness->insertion_area,
        made.by_chance->insertion_area);
  if (made.drawn_weights)
    line += fmt::format("    rank correlation with the map of drawn weights, seed {}: {:.3f}\n", words.seed,
                        *made.drawn_weights);
  return line;
}

std::string points_json(const ExplainedMap& map) {
  std::string list;
  for (const cv::Point3d& p : map.points)
    list += fmt::format("{}[{},{},{}]", list.empty() ? "" : ",", number(p.x), number(p.y), number(p.z));
  return ",\"points\":[" + list + "]";
}

std::string measures_json(const AttendedMap& made, const AttendWords& words) {
  std::string members;
  if (made.faithfulness)
    members += fmt::format(
        R"(,"score":{{"deletion":{},"insertion":{},"by_chance":{{"deletion":{},"insertion":{}}}}})",
        json_number(made.faithfulness->deletion_area), json_number(made.faithfulness->insertion_area),
        json_number(made.by_chance->deletion_area), json_number(made.by_chance->insertion_area));
  if (made.drawn_weights)
    members += fmt::format(R"(,"drawn_weights":{{"seed":{},"rank_correlation":{}}})", words.seed,
                           json_number(*made.drawn_weights));
  return members;
}

std::string map_json(const AttendedMap& made, const AttendWords& words) {
  const ExplainedMap& map = made.map;
  const bool grid = map.kind != MapKind::kPoints && map.kind != MapKind::kChannels;
  std::string text =
      fmt::format(R"({{"kind":{},"of":{},"layer":{},"head":{},"subject":{},"object":{},"grid":{},"query":{},)"
                  R"("min":{},"max":{},"peak":{},"normalisation":{},"file":{},"raw":{})",
                  json_string(fovea::name_of(map.kind)), json_string(map.of), optional_number(map.layer),
                  optional_number(map.head), json_string(map.subject), optional_number(made.object),
                  grid ? fmt::format("[{},{}]", map.values.rows, map.values.cols) : "null", point(map.query),
                  number(made.range.low), number(made.range.high), point(made.peak),
                  json_string(made.range.rule), path(made.file), path(made.raw));
  if (map.kind == MapKind::kPoints) text += points_json(map);
  return text + measures_json(made, words) + "}";
}

// Where the maps come from, and which part of the picture they lie over.
std::string provenance_json(const Attended& all, const AttendWords& words) {
  const MapRequest& r = words.request;
  const cv::Rect2d seen = all.place.seen();
  return fmt::format(
      R"("model_input":{{"width":{},"height":{},"seen":{{"xmin":{},"ymin":{},"xmax":{},"ymax":{}}}}},)"
      R"("provenance":{{"fovea":{},"model":{},"architecture":{},"options":{{"kind":{},"layer":{},"head":{},)"
      R"("fuse":{},"discard":{},"at":{},"class_id":{},"object":{},"threshold":{}}}}})",
      all.input.width, all.input.height, number(seen.x), number(seen.y), number(seen.x + seen.width),
      number(seen.y + seen.height), json_string(FOVEA_VERSION), json_string(words.model),
      json_string(words.architecture), json_string(fovea::name_of(r.kind)), optional_number(r.layer),
      optional_number(r.head), json_string(name_of(r.fusion)), number(r.discard), point(r.at),
      optional_number(r.class_id), optional_number(r.object),
      words.detects ? json_number(words.detections.threshold) : "null");
}

}  // namespace

std::string text_of(const Result& result, const AttendWords& words) {
  const Attended& all = *result.attended;
  std::string lines;
  for (const AttendedMap& made : all.maps) lines += map_text(made, words);
  if (all.maps.empty() && words.detects)
    lines += fmt::format("  nothing found above {:g}; a lower --threshold finds more\n",
                         words.detections.threshold);
  if (all.sheet)
    lines += fmt::format("  sheet  {}  {} rows, {} columns{}\n", all.sheet->title, all.sheet->rows.size(),
                         all.sheet->columns.size(), written(all.sheet->file));
  if (!all.page_file.empty()) lines += "  page" + written(all.page_file) + "\n";
  return lines;
}

std::string json_of(const Result& result, const AttendWords& words) {
  const Attended& all = *result.attended;
  std::string maps;
  for (const AttendedMap& made : all.maps) maps += (maps.empty() ? "" : ",") + map_json(made, words);
  std::string members = "\"maps\":[" + maps + "]";
  if (words.detects) members += "," + json_of(result, words.detections);
  if (!all.classes.empty())
    members +=
        fmt::format(R"(,"labels":[{{"label":{},"score":{},"class_id":{}}}])",
                    json_string(all.classes[0].label), json_number(all.classes[0].score), all.classes[0].id);
  if (all.sheet)
    members += fmt::format(R"(,"sheet":{{"title":{},"rows":{},"columns":{},"file":{}}})",
                           json_string(all.sheet->title), all.sheet->rows.size(), all.sheet->columns.size(),
                           path(all.sheet->file));
  if (!all.page_file.empty()) members += ",\"page\":" + path(all.page_file);
  return members + "," + provenance_json(all, words);
}

std::string csv_of(const Result& result, const AttendWords& words) {
  std::string rows;
  const std::string frame = !words.frames         ? ""
                            : !result.input.frame ? ",,"
                                                  : fmt::format(",{},{}", result.input.frame->number,
                                                                json_number(result.input.frame->seconds));
  for (const AttendedMap& made : result.attended->maps) {
    const ExplainedMap& map = made.map;
    const auto index = [](std::optional<int> i) { return i ? std::to_string(*i) : ""; };
    rows += fmt::format("{}{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(result.input.source), frame,
                        fovea::name_of(map.kind), csv_field(map.of), index(map.layer), index(map.head),
                        csv_field(map.subject), number(made.range.low), number(made.range.high),
                        made.peak ? number(made.peak->x) : "", made.peak ? number(made.peak->y) : "",
                        csv_field(made.file), csv_field(made.raw));
  }
  return rows;
}

std::string csv_header(const AttendWords& words) {
  return std::string("source") + (words.frames ? ",frame,pts" : "") +
         ",kind,of,layer,head,subject,min,max,peak_x,peak_y,file,raw";
}

}  // namespace fovea
