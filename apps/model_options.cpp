#include "apps/model_options.h"

#include "apps/exit_code.h"
#include "apps/thread_count.h"
#include "attention/base/isa.h"
#include "attention/base/parallel.h"
#include "models/pipelines/model_folder.h"

namespace fovea {
namespace {

template <class Model>
Model open_model(const ModelOptions& options) {
  try {
    if (options.random_weights) return Model::random(options.folder, 0);
    return Model::load(options.folder);
  } catch (const Error& error) {
    fail_with(kModelUnusable, error.what());
  }
}

bool holds_detector(const ModelOptions& options) {
  try {
    return is_detector(open_model_folder(options.folder, !options.random_weights, 0));
  } catch (const Error& error) {
    fail_with(kModelUnusable, error.what());
  }
}

// With a folder in any case.
ModelOptions chosen(ModelOptions options) {
  options.folder = options.folder.empty() ? embedded_model(options.usual) : existing_model(options.folder);
  if (options.folder.empty())
    fail_with(kUsage, "no model given, and the one that comes with Fovea is not installed; add -m DIR");
  return options;
}

}  // namespace

void settle_isa() {
  try {
    active_isa();
  } catch (const Error& error) {
    fail_with(kUsage, "FOVEA_ISA: ", error.what());
  }
}

void add_model_options(CLI::App& app, ModelOptions& options, const char* usual) {
  options.usual = usual;
  app.add_option(
         "-m,--model", options.folder,
         "Folder with config.json and model.safetensors; default: " + options.usual + ", which comes along")
      ->type_name("DIR")
      ->envname("FOVEA_MODEL");
  add_threads_option(app, options.threads);
}

void add_threads_option(CLI::App& app, int& threads) {
  app.add_option("--threads", threads,
                 "Threads to use; default: $OMP_NUM_THREADS, or all this process may use")
      ->type_name("N")
      ->envname("FOVEA_THREADS")
      ->check(CLI::Range(1, 1024));
}

void add_progress_option(CLI::App& app, Progress::Mode& mode) {
  using Mode = Progress::Mode;
  add_choice<Mode>(app, "--progress", mode,
                   {{"auto", Mode::kAuto}, {"plain", Mode::kPlain}, {"none", Mode::kNone}},
                   "auto (only on a terminal), plain or none");
}

int with_threads(int asked, const std::function<int(int threads)>& work) {
  settle_isa();
  Threads threads(thread_count(asked));
  int code = kInternal;
  threads.run([&] { code = work(threads.count()); });
  return code;
}

int with_model(const ModelOptions& options, const std::function<int(const ImageModel&, int threads)>& work) {
  const ModelOptions given = chosen(options);
  return with_threads(options.threads,
                      [&](int threads) { return work(open_model<ImageModel>(given), threads); });
}

int with_detector(const ModelOptions& options, const std::function<int(const Detector&, int threads)>& work) {
  const ModelOptions given = chosen(options);
  return with_threads(options.threads,
                      [&](int threads) { return work(open_model<Detector>(given), threads); });
}

int with_explainer(const ModelOptions& options,
                   const std::function<int(const Explainer&, const std::string& folder, int threads)>& work) {
  const ModelOptions given = chosen(options);
  return with_threads(options.threads,
                      [&](int threads) { return work(open_model<Explainer>(given), given.folder, threads); });
}

int with_any_model(const ModelOptions& options,
                   const std::function<int(const ImageModel&, int threads)>& work,
                   const std::function<int(const Detector&, int threads)>& detector_work) {
  return holds_detector(chosen(options)) ? with_detector(options, detector_work) : with_model(options, work);
}

}  // namespace fovea
