#include <fmt/format.h>

#include "apps/encode.h"
#include "apps/exit_code.h"
#include "apps/picture_verb.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Names what pictures show.\n\n"
    "  fovea classify cat.jpg\n"
    "  fovea classify cat.jpg -m vit\n"
    "  fovea classify photos/ -r -m vit --format ndjson >photos.ndjson\n"
    "  find . -name '*.jpg' -print0 | fovea classify --files-from - -0 -m vit --format csv -k 1\n"
    "  cat photo.jpg | fovea classify - -m vit --json\n";

std::string text_lines(const std::vector<ClassScore>& classes) {
  std::string lines;
  for (const ClassScore& c : classes) lines += fmt::format("  {:.4f}  {}\n", c.score, c.label);
  return lines;
}

std::string json_labels(const std::vector<ClassScore>& classes) {
  std::string list;
  for (const ClassScore& c : classes)
    list += fmt::format(R"({}{{"label":{},"score":{},"class_id":{}}})", list.empty() ? "" : ",",
                        json_string(c.label), json_number(c.score), c.class_id);
  return "\"labels\":[" + list + "]";
}

std::string csv_rows(const std::string& source, const std::vector<ClassScore>& classes) {
  std::string rows;
  int rank = 0;
  for (const ClassScore& c : classes)
    rows += fmt::format("{},{},{},{},{}\n", csv_field(source), ++rank, csv_field(c.label), c.class_id,
                        json_number(c.score));
  return rows;
}

PictureTask classification(const ImageModel& model, int top_k) {
  if (model.info().labels.empty())
    fail_with(kModelUnusable, model.info().id, ": has no classifier; 'fovea embed' can use it");
  const auto top = [model, top_k](const Result& result) { return model.top_classes(result.values, top_k); };
  PictureTask task;
  task.infer = rows_of([model](const Tensor& images) { return model.logits(images); });
  Presentation& to = task.presentation;
  to.task = "classify";
  to.model_task = "image-classification";
  to.text = [top](const Result& result) { return text_lines(top(result)); };
  to.json = [top](const Result& result) { return json_labels(top(result)); };
  to.csv = [top](const Result& result) { return csv_rows(result.input.source, top(result)); };
  to.csv_header = "source,rank,label,class_id,score";
  return task;
}

}  // namespace

int classify_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea classify");
  PictureOptions options;
  int top_k = 5;
  add_picture_options(app, options);
  app.add_option("-k,--top-k", top_k, "How many classes to name, the likeliest first")
      ->type_name("K")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  if (!parse_options(app, arguments, console)) return kOk;
  return run_pictures(options, console,
                      [&](const ImageModel& model) { return classification(model, top_k); });
}

}  // namespace fovea
