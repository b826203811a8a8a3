#include <ostream>

#include "apps/data_survey.h"
#include "apps/model_options.h"
#include "vision/picture_listing.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Says what is in a data set, and what is wrong with it.\n\n"
    "  fovea data check cells/                               COCO, VOC, YOLO, or a folder of pictures for "
    "each class\n"
    "  fovea data check coco/annotations/instances_val2017.json --images coco/val2017\n"
    "  fovea data check cells/ --split val --decode --format json | jq .problems\n\n"
    "Exit codes: 0 all of it can be used, 3 some entries are left out, 2 it is no data set.\n";

DataReport survey(const AnnotationSource& source) {
  namespace fs = std::filesystem;
  std::error_code error;
  try {
    if (!annotation_format(source.path).empty() || !fs::exists(source.path, error))
      return survey_annotations(source);
  } catch (const Error& problem) {
    fail_with(kUsage, problem.what());
  }
  try {
    return survey_folders(source);
  } catch (const Error& problem) {
    if (!fs::is_directory(source.path, error)) fail_with(kUsage, problem.what());
    fail_with(
        kUsage, in_quotes(source.path.string()),
        ": no data set; give COCO's instances file (.json) or folder (annotations/, or "
        "train/_annotations.coco.json), a VOC folder (Annotations/*.xml, JPEGImages/, or "
        "train/*.xml), a YOLO one (data.yaml, images/, labels/), or a folder of pictures for each class (as "
        "that: ",
        problem.what(), ")");
  }
}

}  // namespace

int data_check_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea data check");
  std::string path, images;
  AnnotationSource source;
  bool json = false, decode = false, strict = false;
  app.add_option("PATH", path, "COCO's JSON file, or the folder of a data set")->type_name("");
  app.add_option("--images", images, "Where the pictures lie, if not where the format puts them")
      ->type_name("DIR");
  app.add_option("--split", source.split, "Only this split; default: all")->type_name("NAME");
  add_format_options(app, json);
  app.add_flag("--strict", strict, "Exit with 3 at any problem, also those that were repaired or only noted");
  app.add_flag("--decode", decode, "Decode every picture, instead of walking through its file");
  int asked_threads = 0;
  add_threads_option(app, asked_threads);
  if (!parse_options(app, arguments, console)) return kOk;
  if (path.empty()) fail_with(kUsage, "fovea data check: no data set given; name its folder or file");
  source.path = path;
  source.images = images;
  source.check = decode ? PictureCheck::kDecoded : PictureCheck::kWhole;
  DataReport report;
  with_threads(asked_threads, [&](int) {
    report = survey(source);
    return kOk;
  });
  json ? write_json(report, console.out) : write_text(report, console.out);
  const int64_t left_out = report.count(AnnotationProblem::Kind::kSkipped);
  if (left_out > 0)
    console.err << "fovea: " << path << ": " << left_out
                << (left_out == 1 ? " entry is left out\n" : " entries are left out\n");
  return left_out > 0 || (strict && !report.problems.empty()) ? kInputsFailed : kOk;
}

}  // namespace fovea
