#include "apps/model_options.h"

#include "apps/embedded_model.h"
#include "apps/exit_code.h"
#include "apps/thread_count.h"
#include "attention/base/isa.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

ImageModel open_model(const ModelOptions& options) {
  try {
    if (options.random_weights) return ImageModel::random(options.folder, 0);
    return ImageModel::load(options.folder);
  } catch (const Error& error) {
    fail_with(kModelUnusable, error.what());
  }
}

void settle_isa() {
  try {
    active_isa();
  } catch (const Error& error) {
    fail_with(kUsage, "FOVEA_ISA: ", error.what());
  }
}

}  // namespace

void add_model_options(CLI::App& app, ModelOptions& options) {
  app.add_option(
         "-m,--model", options.folder,
         "Folder with config.json and model.safetensors; default: foveanet-cifar10, which comes along")
      ->type_name("DIR")
      ->envname("FOVEA_MODEL");
  app.add_option("--threads", options.threads,
                 "Threads to use; default: $OMP_NUM_THREADS, or all this process may use")
      ->type_name("N")
      ->envname("FOVEA_THREADS")
      ->check(CLI::Range(1, 1024));
}

int with_threads(int asked, const std::function<int(int threads)>& work) {
  settle_isa();
  Threads threads(thread_count(asked));
  int code = kInternal;
  threads.run([&] { code = work(threads.count()); });
  return code;
}

int with_model(const ModelOptions& options, const std::function<int(const ImageModel&, int threads)>& work) {
  ModelOptions chosen = options;
  chosen.folder = options.folder.empty() ? embedded_model(kEmbeddedClassifier) : model_path(options.folder);
  if (chosen.folder.empty())
    fail_with(kUsage, "no model given, and the one that comes with Fovea is not installed; add -m DIR");
  return with_threads(options.threads, [&](int threads) { return work(open_model(chosen), threads); });
}

}  // namespace fovea
