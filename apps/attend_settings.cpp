#include "apps/attend_settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "apps/number_pair.h"
#include "apps/output_folder.h"

namespace fovea {
namespace {

cv::Point2d point_of(const std::string& text) {
  cv::Point2d at;
  if (!read_pair(text, ',', at.x, at.y) || !std::isfinite(at.x) || !std::isfinite(at.y))
    fail_with(kUsage, "--at: '", text, "' is no point; write pixels of the picture, such as 412,230");
  return at;
}

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

void add_map_options(CLI::App& app, AttendSettings& settings) {
  MapRequest& request = settings.request;
  app.add_option(
         "--kind", settings.kind,
         "How the map is made: raw, rollout, relevance, grad-cam ...; a wrong word is answered with those "
         "that the model has")
      ->type_name("WORD");
  app.add_option("--layer", request.layer, "Which layer, from 0; -1 is the last")->type_name("N");
  CLI::Option* head =
      app.add_option("--head", request.head, "Which head, from 0; -1 is the last; default: all, fused")
          ->type_name("N");
  add_choice<HeadFusion>(app, "--fuse", request.fusion,
                         {{"mean", HeadFusion::kMean}, {"max", HeadFusion::kMax}, {"min", HeadFusion::kMin}},
                         "How heads become one: mean, max or min")
      ->excludes(head);
  app.add_option("--discard", request.discard, "Share of each layer's smallest weights a rollout leaves out")
      ->type_name("SHARE")
      ->check(within(0, 1));
  app.add_option_function<std::string>(
         "--at", [&request](const std::string& text) { request.at = point_of(text); },
         "Show what this point attends to, in pixels of the picture")
      ->type_name("X,Y");
  app.add_option("--class", settings.class_name, "Whose score is explained; default: the likeliest")
      ->type_name("NAME|INDEX");
  app.add_option("--object", request.object, "Which of a detector's objects, the surest is 0; default: each")
      ->type_name("N");
  app.add_option("--threshold", settings.threshold,
                 "Only a detector's objects with a score above this; default: 0.5")
      ->type_name("X")
      ->check(within(0, 1));
}

void add_output_options(CLI::App& app, AttendSettings& settings) {
  app.add_option("-o,--output", settings.output,
                 "FILE.png: the map over the picture; FILE.html: a page to explore; else a folder for PNG "
                 "files and videos")
      ->type_name("PATH");
  app.add_flag("--sheet", settings.sheet, "Write one picture of all layers and heads in place of the map");
  app.add_flag("--page", settings.page, "With a folder: write an HTML page for each picture");
  app.add_option("--save-raw", settings.save_raw,
                 "The map's own values: FILE.npy, FILE.png (16 bit), or a folder for NPY files")
      ->type_name("PATH");
  add_choice<ColourMap>(app, "--colours", settings.style.colours,
                        {{"viridis", ColourMap::kViridis},
                         {"inferno", ColourMap::kInferno},
                         {"magma", ColourMap::kMagma},
                         {"cividis", ColourMap::kCividis},
                         {"turbo", ColourMap::kTurbo}},
                        "viridis, inferno, magma, cividis or turbo; default: inferno");
  app.add_option("--opacity", settings.style.opacity, "Of the colours over the picture")
      ->type_name("X")
      ->check(within(0, 1))
      ->capture_default_str();
  app.add_flag("--score", settings.score,
               "Say how a classifier's score falls and rises as the map's pixels go and come: areas, 0 to 1");
  app.add_flag("--check-weights", settings.check_weights,
               "Say how alike the map is to that of the same classifier with drawn weights (seed 7)");
  app.add_option("--every", settings.every, "Of so many frames of a video, look at the first")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 31));
  app.add_flag("--force", settings.force, "Write over files that are there");
  app.add_flag("--random-weights", settings.pictures.model.random_weights,
               "Needs no model.safetensors, only config.json; looks at nothing sensible");
}

MapKind kind_for(const AttendSettings& settings, const Explainer& explainer) {
  if (settings.kind.empty()) return explainer.usual_kind();
  std::vector<std::string> names;
  for (const MapKind kind : explainer.kinds()) {
    names.emplace_back(name_of(kind));
    if (settings.kind == names.back()) return kind;
  }
  const bool known = kind_named(settings.kind).has_value();
  fail_with(kUsage, "--kind: ", known ? explainer.info().id + " has no '" : "'", settings.kind,
            known ? "'; it has " : "' is none of ", joined(names),
            known ? "" : suggestion(settings.kind, names, "choose one of these"));
}

// An option that does nothing to maps of this kind is an error that names the kinds it is for.
void refuse_idle(const char* option, MapKind kind, bool (*matters)(MapKind), const Explainer& explainer) {
  std::vector<std::string> names;
  for (const MapKind other : explainer.kinds())
    if (matters(other)) names.emplace_back(name_of(other));
  fail_with(kUsage, option, ": changes no ", name_of(kind), " map; leave it out",
            names.empty() ? "" : ", or choose --kind " + joined(names));
}

// A page shows the other kinds too.
void check_idle(const AttendSettings& settings, const MapRequest& request, const Explainer& explainer) {
  const MapKind kind = request.kind;
  if (request.at && !takes_point(kind)) refuse_idle("--at", kind, takes_point, explainer);
  if (settings.writes_pages()) return;
  if (request.class_id && !explains_score(kind) && !settings.score)
    refuse_idle("--class", kind, explains_score, explainer);
  if (request.discard > 0 && !is_rollout(kind)) refuse_idle("--discard", kind, is_rollout, explainer);
  if (request.object && explainer.detects() && !explainer.asks_for_object(request))
    fail_with(kUsage, "--object: changes no ", name_of(kind), " map; leave it out");
  if (request.fusion != HeadFusion::kMean && !fuses_heads(kind))
    refuse_idle("--fuse", kind, fuses_heads, explainer);
}

void check_measures(const AttendSettings& settings, MapKind kind, const Explainer& explainer) {
  if (!settings.score && !settings.check_weights) return;
  const char* option = settings.score ? "--score: " : "--check-weights: ";
  if (explainer.detects())
    fail_with(kUsage, option, "is for classifiers; leave it out, or choose another model");
  if (!settings.score) return;
  if (!explainer.scores())
    fail_with(kUsage, option, explainer.info().id, " has no classes; leave it out, or choose another model");
  if (kind == MapKind::kChannels)
    fail_with(kUsage, option, "channels do not lie over the picture; choose another --kind");
}

// A layer or head of `count`.
void check_index(const char* option, const char* things, std::optional<int> index, int count, MapKind kind) {
  if (!index || (*index < count && *index >= -count)) return;
  if (count == 0)
    fail_with(kUsage, option, ": ", name_of(kind), " maps of this model have no ", things,
              " to choose; leave it out");
  fail_with(kUsage, option, ": ", *index, " is not there; ", name_of(kind), " maps have ", things, " 0 to ",
            count - 1);
}

std::optional<int64_t> class_for(const AttendSettings& settings, const Explainer& explainer) {
  if (settings.class_name.empty()) return std::nullopt;
  const std::vector<std::string>& labels = explainer.info().labels;
  const std::string& name = settings.class_name;
  const auto found = std::ranges::find(labels, name);
  if (found != labels.end()) return found - labels.begin();
  int64_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error == std::errc() && end == name.data() + name.size() && index >= 0 && index < std::ssize(labels))
    return index;
  if (labels.empty()) fail_with(kUsage, "--class: ", explainer.info().id, " has no classes; leave it out");
  fail_with(kUsage, "--class: '", name, "' is none of the model's classes, 0 to ", labels.size() - 1,
            suggestion(name, labels, "'fovea models show --json' lists them"));
}

// What `attend` does not write, and nobody means as a folder's name.
bool is_other_file(const std::string& path) {
  static constexpr std::string_view kOther[] = {".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff",
                                                ".htm", ".mov",  ".mkv", ".webm", ".pdf", ".svg", ".npz"};
  std::error_code ignored;
  return std::ranges::count(kOther, extension_of(path)) > 0 && !std::filesystem::is_directory(path, ignored);
}

// Of two paths, which may be of files that are not there yet.
bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  const auto whole = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  };
  return !a.empty() && !b.empty() && whole(a) == whole(b) && !error;
}

void check_raw(const AttendSettings& settings) {
  const std::string& path = settings.save_raw;
  const std::string ending = is_output_file(path) ? extension_of(path) : "";
  const bool neither = !ending.empty() && ending != ".npy" && ending != ".png";
  if ((!ending.empty() && settings.names_video()) || neither || is_other_file(path))
    fail_with(kUsage, "--save-raw: ", path,
              ": write FILE.npy, FILE.png (16 bit) or a folder; of videos, a folder");
  if (!ending.empty() && same_file(path, settings.output))
    fail_with(kUsage, "--save-raw: ", path, ": is what --output writes, too; choose another name for one");
}

}  // namespace

bool AttendSettings::names_video() const {
  return std::ranges::any_of(pictures.inputs.operands,
                             [](const std::string& name) { return is_video(name); });
}

bool AttendSettings::writes_pages() const {
  return page || (is_output_file(output) && extension_of(output) == ".html");
}

bool AttendSettings::one_file() const {
  return is_output_file(output) || is_output_file(save_raw);
}

bool is_output_file(const std::string& path) {
  const std::string extension = extension_of(path);
  std::error_code ignored;
  return (extension == ".png" || extension == ".html" || extension == ".npy" || extension == ".mp4" ||
          extension == ".avi") &&
         !std::filesystem::is_directory(path, ignored);
}

void add_attend_options(CLI::App& app, AttendSettings& settings) {
  add_picture_options(app, settings.pictures);
  add_map_options(app, settings);
  add_output_options(app, settings);
}

void check(const AttendSettings& settings) {
  check_inputs(settings.pictures.inputs);
  if (settings.request.discard >= 1) fail_with(kUsage, "--discard: leaves nothing; give 0 or more, below 1");
  const bool single = settings.pictures.inputs.single();
  const auto one = [&](const char* option, const std::string& path) {
    if (is_output_file(path) && !single)
      fail_with(kUsage, option, ": ", path, " is one file, and there may be several pictures; name a folder");
  };
  one("--output", settings.output);
  one("--save-raw", settings.save_raw);
  const std::string to = is_output_file(settings.output) ? extension_of(settings.output) : "";
  const bool video_file = to == ".mp4" || to == ".avi";
  if (to == ".npy") fail_with(kUsage, "--output: ", settings.output, ": values go to --save-raw");
  if (is_other_file(settings.output))
    fail_with(kUsage, "--output: ", settings.output,
              ": write FILE.png, FILE.html, of a video FILE.mp4 or FILE.avi, or a folder");
  if (video_file != settings.names_video() && !to.empty())
    fail_with(kUsage, "--output: ", settings.output,
              video_file ? ": is for a video; write FILE.png for a picture"
                         : ": a video's maps make a video; write FILE.mp4 or a folder");
  check_raw(settings);
  if (settings.page && (settings.output.empty() || (!to.empty() && to != ".html")))
    fail_with(kUsage, "--page: makes HTML files; add --output FILE.html or a folder");
  if (settings.sheet && (settings.writes_pages() || settings.output.empty() || settings.names_video()))
    fail_with(kUsage, "--sheet: makes PNG files of pictures; add --output FILE.png or a folder");
}

MapRequest request_for(const AttendSettings& settings, const Explainer& explainer) {
  MapRequest request = settings.request;
  request.kind = kind_for(settings, explainer);
  check_index("--layer", "layers", request.layer, explainer.layers(request.kind), request.kind);
  check_index("--head", "heads", request.head, explainer.heads(request.kind), request.kind);
  request.class_id = class_for(settings, explainer);
  if (needs_point(request.kind) && !request.at)
    fail_with(kUsage, "--kind ", name_of(request.kind), ": shows what a point attends to; add --at X,Y");
  check_idle(settings, request, explainer);
  if (request.object && !explainer.detects())
    fail_with(kUsage, "--object: ", explainer.info().id, " finds no objects; leave it out");
  if (settings.threshold && !explainer.detects())
    fail_with(kUsage, "--threshold: ", explainer.info().id, " finds no objects; leave it out");
  if (request.kind == MapKind::kPoints && extension_of(settings.save_raw) == ".png" &&
      is_output_file(settings.save_raw))
    fail_with(kUsage, "--save-raw: ", settings.save_raw, ": points are no picture; write FILE.npy");
  check_measures(settings, request.kind, explainer);
  return request;
}

}  // namespace fovea
