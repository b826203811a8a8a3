#include <ostream>

#include "apps/causes.h"
#include "apps/evaluation_report.h"
#include "apps/model_options.h"
#include "apps/progress.h"
#include "apps/signals.h"
#include "attention/base/isa.h"
#include "models/training/classification_data.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Says how good a classifier is on pictures in one folder a class.\n\n"
    "  fovea eval classify --data cifar10.tar --split test -m run\n"
    "  fovea eval classify --data flowers -m run --format json --save report\n"
    "  fovea eval classify --data flowers -m run --min-accuracy 0.9 || echo too bad\n\n"
    "Classes are matched by name. --save writes confusion.png and confusion.csv, over none that is there\n"
    "without --force. Data without a split are scored whole, what a model was trained on as well.\n";

struct EvalOptions {
  ModelOptions model;
  std::string data, split, save;
  bool json = false, quiet = false, force = false;
  int64_t batch = 32;
  double least = 0;
  Progress::Mode progress = Progress::Mode::kAuto;
};

void add_options(CLI::App& app, EvalOptions& options) {
  app.add_option("--data", options.data, "Folder or tar with one folder of pictures a class")
      ->type_name("PATH");
  app.add_option("--split", options.split, "Which folder of the data, if it is split; default: val or test")
      ->type_name("NAME");
  add_model_options(app, options.model);
  add_format_options(app, options.json);
  app.add_option("--save", options.save, "Folder for the confusion matrix, as PNG and CSV")->type_name("DIR");
  app.add_flag("--force", options.force, "Write over a confusion matrix that is there");
  app.add_option("--min-accuracy", options.least, "Exit with 7 if the top-1 accuracy is less")
      ->type_name("X")
      ->check(within(0, 1));
  app.add_option("--batch", options.batch, "Pictures that go through the model at once; default: 32")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  add_progress_option(app, options.progress);
  app.add_flag("-q,--quiet", options.quiet, "No line on standard error for each picture that cannot be read");
}

ImageFolder open_data(const EvalOptions& options, const ImageModel& model) {
  try {
    const std::string split =
        options.split.empty() ? usual_held_out(ImageFolder::open(options.data).splits()) : options.split;
    return ImageFolder::open(options.data, split).with_classes(model.info().labels);
  } catch (const Error& error) {
    fail_with(kUsage, error.what());
  }
}

int run(const EvalOptions& options, Console& console, const ImageModel& model, int threads) {
  if (model.info().labels.empty())
    fail_with(kModelUnusable, model.info().id, ": has no classifier; train one with 'fovea train classify'");
  const ImageFolder data = open_data(options, model);
  if (!options.save.empty()) claim_confusion(options.save, options.force);
  if (data.splits().empty() && !options.quiet)
    console.err << "fovea: " << options.data << ": has no split, so all of its " << data.size()
                << " pictures are scored; those that the model was trained on say little\n";
  EvaluationBatches batches(data, all_indices(data), model.recipe(),
                            {.batch = options.batch, .drop_last = false, .memory = 0});
  Progress progress(console.err, options.progress, console.err_is_terminal, "eval");
  progress.expect(data.size());
  const auto start = std::chrono::steady_clock::now();
  const std::optional<Evaluation> result = usable(model.info().id, [&] {
    return evaluate(
        batches, static_cast<int64_t>(model.info().labels.size()),
        [&](const Tensor& images) { return model.logits(images); },
        [&](int64_t pictures) {
          for (int64_t i = 0; i < pictures; ++i) progress.advance();
          return received_signal() == 0;
        });
  });
  progress.finish();
  if (!result) return 128 + received_signal();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const EvaluationReport report{.model = model.info().id,
                                .data = options.data,
                                .split = data.split(),
                                .labels = model.info().labels,
                                .result = *result,
                                .seconds = seconds,
                                .threads = threads,
                                .isa = std::string(active_isa())};
  if (!options.quiet)
    for (const PictureFailure& failure : result->failures) console.err << "fovea: " << failure.reason << "\n";
  if (result->count == 0) fail_with(kInputsFailed, options.data, ": not one picture could be read");
  options.json ? write_json(report, console.out) : write_text(report, console.out);
  if (!options.save.empty()) save_confusion(report, options.save);
  if (result->accuracy() < options.least) {
    console.err << "fovea: accuracy " << result->accuracy() << " is below --min-accuracy " << options.least
                << "\n";
    return kBelowGate;
  }
  if (result->failures.empty()) return kOk;
  console.err << "fovea: " << result->failures.size() << " of " << data.size()
              << " pictures could not be read\n";
  return kInputsFailed;
}

}  // namespace

int eval_classify_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea eval classify");
  EvalOptions options;
  add_options(app, options);
  if (!parse_options(app, arguments, console)) return kOk;
  if (options.data.empty()) fail_with(kUsage, "no data given; add --data PATH");
  return with_model(options.model, [&](const ImageModel& model, int threads) {
    return run(options, console, model, threads);
  });
}

}  // namespace fovea
