#include "apps/attend_output.h"

#include <fmt/format.h>

#include <filesystem>
#include <opencv2/imgproc.hpp>

#include "apps/drawn_pictures.h"
#include "attention/base/atomic_file.h"
#include "vision/draw_detections.h"
#include "vision/drawable_text.h"
#include "vision/map_files.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

cv::Mat blue_first(const cv::Mat& rgb) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  return bgr;
}

// The folder of a file, or the folder itself.
std::string folder_of(const std::string& path) {
  if (!is_output_file(path)) return path;
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// "dir/a-cross.png" -> "dir/a-cross-object-2.png"
std::string of_object(const std::string& path, int64_t object) {
  const fs::path whole(path);
  return (whole.parent_path() /
          fmt::format("{}-object-{}{}", whole.stem().string(), object, whole.extension().string()))
      .string();
}

cv::Mat drawn_points(const cv::Mat& bgr, const ExplainedMap& map, const ValueRange& range,
                     const OverlayStyle& style) {
  std::vector<WeightedPoint> points;
  for (const cv::Point3d& p : map.points) points.push_back({{p.x, p.y}, p.z});
  return points_overlay(bgr, points, map.query.value_or(cv::Point2d(bgr.cols / 2.0, bgr.rows / 2.0)), range,
                        style);
}

void write_values(const std::string& path, const AttendedMap& made) {
  const ExplainedMap& map = made.map;
  cv::Mat values = map.values;
  if (map.kind == MapKind::kPoints) {
    values.create(static_cast<int>(map.points.size()), 3, CV_32F);
    for (int i = 0; i < values.rows; ++i) {
      const cv::Point3d& p = map.points[static_cast<size_t>(i)];
      const double row[3] = {p.x, p.y, p.z};
      for (int j = 0; j < 3; ++j) values.at<float>(i, j) = static_cast<float>(row[j]);
    }
  }
  if (extension_of(path) == ".png")
    write_png16(path, values, made.range.low, made.range.high);
  else
    write_npy(path, values);
}

}  // namespace

cv::Mat drawn_map(const cv::Mat& bgr, const AttendedMap& made, const Attended& all, const ValueRange& range,
                  OverlayStyle style) {
  const ExplainedMap& map = made.map;
  style.title = fmt::format("{}, {}, {}", name_of(map.kind), part_of(map), map.subject);
  if (map.kind == MapKind::kChannels)
    return bar_chart({map.values.ptr<float>(), map.values.total()}, style.title, "channel", range);
  cv::Mat under = bgr.clone();
  if (made.object && *made.object < std::ssize(all.objects)) {
    const FoundObject& object = all.objects[static_cast<size_t>(*made.object)];
    const std::string name = drawable_name(object.label, fmt::format("class {}", object.detection.class_id));
    const CaptionedBox box{object.detection.box, fmt::format("{} {:.2f}", name, object.detection.score),
                           object.detection.class_id};
    draw_detections(under, {&box, 1});
  }
  if (map.kind == MapKind::kPoints) return drawn_points(under, map, range, style);
  style.at = map.query;
  return overlay(under, grid_to_picture(map.values, all.place), range, style);
}

AttendOutput::AttendOutput(const AttendSettings& settings, MapKind kind)
    : settings_(settings), kind_(name_of(kind)), videos_(settings.style, settings.every) {
  if (!settings.output.empty()) pictures_.emplace("--output", folder_of(settings.output), settings.force);
  if (!settings.save_raw.empty()) raw_.emplace("--save-raw", folder_of(settings.save_raw), settings.force);
}

void AttendOutput::claim_picture(Input& input, std::optional<cv::Size> video) {
  if (video && settings_.pictures.output.format == Format::kCsv && !settings_.names_video())
    input.failure = frames_without_columns(input.source);
  else if (video && settings_.sheet)
    input.failure = Failure{"unsupported_format", input.source + ": --sheet is for pictures; leave it out"};
  if (input.failure || !pictures_) return;
  const std::string& to = settings_.output;
  if (is_output_file(to)) {
    input.picture_to = to;
  } else {
    const std::string stem = stem_of(input.source) + "-" + (settings_.sheet ? "sheet" : kind_);
    if (settings_.writes_pages() && !video)
      input.picture_to = pictures_->claim(stem_of(input.source), ".html");
    else
      input.picture_to = pictures_->claim(stem, video ? drawn_extension(input.source, video) : ".png");
  }
  input.failure = pictures_->objection(input.picture_to, input.source);
}

void AttendOutput::claim_raw(Input& input) {
  if (!raw_) return;
  if (is_output_file(settings_.save_raw)) {
    input.labels_to = settings_.save_raw;
  } else {
    std::string stem = stem_of(input.source) + "-" + kind_;
    if (input.frame) stem += fmt::format("-{:06}", input.frame->number);
    input.labels_to = raw_->claim(stem, ".npy");
  }
  input.failure = raw_->objection(input.labels_to, input.source);
}

void AttendOutput::write(Result& result) {
  if (!result.input.failure) try {
      write_maps(result);
    } catch (const Error& error) {
      result.input.failure = Failure{"save_failed", result.input.source + ": " + error.what()};
    }
  result.rgb.release();
}

std::string AttendOutput::path_for(const std::string& claimed, const std::string& option,
                                   const AttendedMap& made) const {
  return made.object && !is_output_file(option) ? of_object(claimed, *made.object) : claimed;
}

void AttendOutput::write_maps(Result& result) {
  Attended& all = *result.attended;
  const Input& input = result.input;
  const bool wanted =
      is_output_file(settings_.save_raw) || (is_output_file(settings_.output) && !all.page && !input.frame);
  if (all.maps.empty() && wanted)
    fail("nothing found above ", settings_.least_score(), ", so there is no map to write; lower --threshold");
  if (raw_)
    for (AttendedMap& made : all.maps) {
      made.raw = path_for(input.labels_to, settings_.save_raw, made);
      refuse_what_is_there(*raw_, made.raw, input);
      write_values(made.raw, made);
    }
  if (!pictures_) return;
  if (all.page) {
    all.page->bgr = blue_first(result.rgb);
    write_file(all.page_file = input.picture_to, attention_page(*all.page));
    all.page.reset();
  } else if (all.sheet) {
    OverlayStyle style = settings_.style;
    style.title = all.sheet->title;
    write_file(all.sheet->file = input.picture_to,
               encoded(".png", contact_sheet(blue_first(result.rgb), all.sheet->tiles, all.sheet->rows,
                                             all.sheet->columns, style)));
    all.sheet->tiles.clear();
  } else if (input.frame) {
    videos_.add(result);
  } else {
    const cv::Mat bgr = blue_first(result.rgb);
    for (AttendedMap& made : all.maps) {
      made.file = path_for(input.picture_to, settings_.output, made);
      refuse_what_is_there(*pictures_, made.file, input);
      write_file(made.file, encoded(".png", drawn_map(bgr, made, all, made.range, settings_.style)));
    }
  }
}

void AttendOutput::refuse_what_is_there(const OutputFolder& folder, const std::string& path,
                                        const Input& input) const {
  if (const auto objection = folder.objection(path, input.source))
    fail(path, " is there already; add --force");
}

std::vector<Unfinished> AttendOutput::finish() {
  return videos_.finish();
}

}  // namespace fovea
