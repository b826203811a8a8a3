#include <fmt/format.h>

#include "apps/encode.h"
#include "apps/exit_code.h"
#include "apps/picture_verb.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Turns pictures into vectors, alike for pictures that are alike.\n\n"
    "  fovea embed cat.jpg -m vit --json\n"
    "  fovea embed photos/ -r -m vit --format csv >vectors.csv\n";

std::string joined(const std::vector<float>& values, const char* separator) {
  std::string text;
  for (float value : values) text += (text.empty() ? "" : separator) + json_number(value);
  return text;
}

PictureTask embedding(const ImageModel& model) {
  PictureTask task;
  task.infer = rows_of([model](const Tensor& images) { return model.embed(images); });
  Presentation& to = task.presentation;
  to.task = "embed";
  to.model_task = "image-feature-extraction";
  to.text = [](const Result& result) { return "  " + joined(result.values, " ") + "\n"; };
  to.json = [](const Result& result) { return "\"embedding\":[" + joined(result.values, ",") + "]"; };
  to.csv = [](const Result& result) {
    return csv_field(result.input.source) + "," + joined(result.values, ",") + "\n";
  };
  to.csv_header = "source";
  for (int64_t i = 0; i < model.info().embedding; ++i) to.csv_header += fmt::format(",embedding_{}", i);
  return task;
}

}  // namespace

int embed_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea embed");
  PictureOptions options;
  add_picture_options(app, options);
  if (!parse_options(app, arguments, console)) return kOk;
  return run_pictures(options, console, embedding);
}

}  // namespace fovea
