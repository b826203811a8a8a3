#pragma once
#include <functional>
#include <string>

#include "apps/embedded_model.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "models/pipelines/detector.h"
#include "models/pipelines/explainer.h"
#include "models/pipelines/image_model.h"

namespace fovea {

struct ModelOptions {
  std::string folder;
  std::string usual = kEmbeddedClassifier;  // of the models that come with Fovea, what is taken without -m
  int threads = 0;                          // 0: see thread_count.h
  bool random_weights = false;              // config.json alone will do
};

void add_model_options(CLI::App& app, ModelOptions& options, const char* usual = kEmbeddedClassifier);
// --threads, which is among the above, and --progress: for verbs that take their model otherwise.
void add_threads_option(CLI::App& app, int& threads);
void add_progress_option(CLI::App& app, Progress::Mode& mode);

// An instruction set that FOVEA_ISA asks for and that is not there is a kUsage error.
void settle_isa();

// Runs work(threads) on so many threads; 0: see thread_count.h.
int with_threads(int asked, const std::function<int(int threads)>& work);

// Opens the model, and gives it and the number of threads to work(), which then runs on just those threads.
int with_model(const ModelOptions& options, const std::function<int(const ImageModel&, int threads)>& work);
int with_detector(const ModelOptions& options, const std::function<int(const Detector&, int threads)>& work);
// `folder`: of the model.
int with_explainer(const ModelOptions& options,
                   const std::function<int(const Explainer&, const std::string& folder, int threads)>& work);
// A classifier or a detector, whichever it is.
int with_any_model(const ModelOptions& options,
                   const std::function<int(const ImageModel&, int threads)>& work,
                   const std::function<int(const Detector&, int threads)>& detector_work);

}  // namespace fovea
