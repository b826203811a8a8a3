#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ostream>

#include "apps/causes.h"
#include "apps/detection_report.h"
#include "apps/embedded_model.h"
#include "apps/found_boxes.h"
#include "apps/model_options.h"
#include "apps/progress.h"
#include "apps/signals.h"
#include "attention/base/isa.h"
#include "models/training/classification_data.h"
#include "vision/category_match.h"
#include "vision/coco_results.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Says how good a detector is, in COCO's figures, on pictures whose objects are known.\n\n"
    "  fovea eval detect --data instances_val2017.json --images val2017 -m detr\n"
    "  fovea eval detect --data bccd --split test -m run --save report --min-ap 0.5 || echo too bad\n"
    "  fovea eval detect --data instances_val2017.json --results detections.json --format json\n\n"
    "Data are a COCO, VOC or YOLO data set: its folder, or COCO's JSON. Classes are matched by name, or by "
    "COCO's\n"
    "ids. Results are what any program found: [{image_id, category_id, bbox: [x, y, width, height], "
    "score}].\n"
    "--save writes per_class.csv and pr_curves.png, and what a model found as detections.json; over none\n"
    "that is there without --force.\n";

struct DetectEvalOptions {
  std::string data, images, split, model, results, save;
  int threads = 0;
  bool json = false, quiet = false, force = false;
  float threshold = 0;
  std::optional<double> least;  // none: any AP will do
  Progress::Mode progress = Progress::Mode::kAuto;
};

void add_data_options(CLI::App& app, DetectEvalOptions& options) {
  app.add_option("--data", options.data, "A COCO, VOC or YOLO data set: its folder, or COCO's JSON")
      ->type_name("PATH");
  app.add_option("--images", options.images, "Folder of the pictures, if it is not where the format has it")
      ->type_name("DIR");
  app.add_option("--split", options.split, "Which part of the data, if it is split; default: val or test")
      ->type_name("NAME");
  app.add_option("-m,--model", options.model,
                 std::string("Folder with a detector's config.json and model.safetensors; default: ") +
                     kEmbeddedDetector + ", which comes along")
      ->type_name("DIR")
      ->envname("FOVEA_MODEL");
  app.add_option("--results", options.results, "Judge the boxes of this file, in COCO's form; runs no model")
      ->type_name("FILE");
}

void add_options(CLI::App& app, DetectEvalOptions& options) {
  add_data_options(app, options);
  add_format_options(app, options.json);
  app.add_option("--save", options.save, "Folder for the table of classes, the curves and the boxes")
      ->type_name("DIR");
  app.add_flag("--force", options.force, "Write over a report that is there");
  app.add_option("--min-ap", options.least, "Exit with 7 if AP (IoU 0.50 to 0.95) is less")
      ->type_name("X")
      ->check(within(0, 1));
  app.add_option("--threshold", options.threshold, "Only boxes with a score above this count; default: 0")
      ->type_name("X")
      ->check(within(0, 1));
  add_threads_option(app, options.threads);
  add_progress_option(app, options.progress);
  app.add_flag("-q,--quiet", options.quiet, "No lines on standard error for what is wrong with the data");
}

// Results are held against what the file says, to the last bit, whatever pictures are there; what a model
// finds, against the pictures too.
AnnotatedPictures read_truth(const DetectEvalOptions& options, std::string& split) {
  AnnotationSource source{.path = options.data,
                          .images = options.images,
                          .split = options.split,
                          .clip = false,
                          .check = options.results.empty() ? PictureCheck::kHeader : PictureCheck::kNone};
  try {
    split = options.split;
    const std::vector<std::string> splits =
        split.empty() ? annotation_splits(options.data) : std::vector<std::string>();
    if (!splits.empty() && (split = usual_held_out(splits)).empty())
      fail(options.data, ": has no split val or test; add --split, such as --split ", splits[0]);
    source.split = split;
    return read_annotations(source);
  } catch (const Error& error) {
    fail_with(kUsage, error.what());
  }
}

Detector open_detector(const std::string& model) {
  try {
    return Detector::load(existing_model(model));
  } catch (const Error& error) {
    fail_with(kModelUnusable, error.what());
  }
}

std::vector<int64_t> matched(const Detector& detector, const DetectionReport& report,
                             const DetectEvalOptions& options, Console& console) {
  std::vector<int64_t> matches;
  try {
    matches = match_categories(detector.info().labels, report.truth.categories);
  } catch (const Error& error) {
    fail_with(kUsage, report.data, ": ", error.what());
  }
  const std::vector<int64_t> left = unmatched(matches, report.truth.categories);
  if (!left.empty() && !options.quiet)
    console.err << "fovea: " << left.size() << " of " << report.truth.categories.size()
                << (left.size() == 1 ? " categories is not the model's, which cannot find it: '"
                                     : " categories are not the model's, which cannot find them: '")
                << report.truth.categories[static_cast<size_t>(left[0])].name
                << (left.size() > 1 ? "', ...\n" : "'\n");
  return matches;
}

// False: it was interrupted.
bool run_model(const DetectEvalOptions& options, Console& console, DetectionReport& report,
               CocoParams& params) {
  const Detector detector = open_detector(options.model);
  report.model = detector.info().id;
  const std::vector<int64_t> matches = matched(detector, report, options, console);
  Progress progress(console.err, options.progress, console.err_is_terminal, "eval");
  progress.expect(std::ssize(report.truth.pictures));
  const auto start = std::chrono::steady_clock::now();
  std::optional<FoundBoxes> found = usable(options.model, [&] {
    return find_boxes(detector, report.truth, matches, options.threshold, [&] {
      progress.advance();
      return received_signal() == 0;
    });
  });
  progress.finish();
  if (!found) return false;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.found = std::move(found->boxes);
  report.failures.insert(report.failures.end(), found->failures.begin(), found->failures.end());
  report.pictures = std::ssize(found->pictures);
  params.pictures = std::move(found->pictures);
  if (report.pictures == 0)
    fail_with(kInputsFailed, report.data, ": not one picture could be read and taken; the first: ",
              report.failures.empty() ? "" : report.failures.front().reason);
  return true;
}

void read_results(const DetectEvalOptions& options, Console& console, DetectionReport& report) {
  report.results = options.results;
  report.pictures = std::ssize(report.truth.pictures);
  try {
    CocoResults results = read_coco_results(options.results, report.truth);
    if (results.of_unknown_categories > 0 && !options.quiet)
      console.err << "fovea: " << options.results << ": " << results.of_unknown_categories
                  << (results.of_unknown_categories == 1 ? " result is of a category that the data lack, "
                                                           "and does not count\n"
                                                         : " results are of categories that the data lack, "
                                                           "and do not count\n");
    report.found = std::move(results.boxes);
  } catch (const Error& error) {
    fail_with(kUsage, error.what());
  }
  std::erase_if(report.found, [&](const ScoredBox& box) {
    return options.threshold > 0 && box.score <= static_cast<double>(options.threshold);
  });
}

int run(const DetectEvalOptions& options, Console& console, int threads) {
  DetectionReport report;
  report.data = options.data;
  report.threads = threads;
  report.isa = std::string(active_isa());
  report.truth = read_truth(options, report.split);
  report.failures = report.truth.left_out;
  if (!options.save.empty()) claim_report(options.save, options.force, options.results.empty());
  if (const std::string told = repaired_entries(report.truth); !told.empty() && !options.quiet)
    console.err << "fovea: " << told << "\n";
  CocoParams params;
  if (!options.results.empty()) {
    read_results(options, console, report);
  } else if (!run_model(options, console, report, params)) {
    return 128 + received_signal();
  }
  if (!options.quiet)
    for (const PictureFailure& failure : report.failures) console.err << "fovea: " << failure.reason << "\n";
  report.evaluation = evaluate_detections(report.truth, report.found, params);
  options.json ? write_json(report, console.out) : write_text(report, console.out);
  if (!options.save.empty()) save_report(report, options.save);
  const double ap = report.evaluation.ap();  // below 0 if there is nothing to find
  if (options.least && !(ap >= *options.least)) {
    console.err << "fovea: "
                << (ap < 0 ? "there is no object to find"
                           : fmt::format("AP {:g} is below --min-ap {:g}", ap, *options.least))
                << "\n";
    return kBelowGate;
  }
  if (report.failures.empty()) return kOk;
  console.err << "fovea: " << report.failures.size() << " of "
              << report.pictures + std::ssize(report.failures) << " pictures could not be read or taken\n";
  return kInputsFailed;
}

}  // namespace

int eval_detect_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea eval detect");
  DetectEvalOptions options;
  add_options(app, options);
  if (!parse_options(app, arguments, console)) return kOk;
  if (options.data.empty()) fail_with(kUsage, "no data given; add --data PATH");
  const char* usual = std::getenv("FOVEA_MODEL");
  if (!options.results.empty() && !options.model.empty() && (!usual || options.model != usual))
    fail_with(kUsage, "--results and -m: one finds the boxes or the other; choose one");
  if (options.results.empty() && options.model.empty() &&
      (options.model = embedded_model(kEmbeddedDetector)).empty())
    fail_with(kUsage, "nothing to judge; add -m DIR, or --results FILE");
  return with_threads(options.threads, [&](int threads) { return run(options, console, threads); });
}

}  // namespace fovea
