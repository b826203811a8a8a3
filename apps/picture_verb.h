#pragma once
#include <functional>
#include <string>

#include "apps/inputs.h"
#include "apps/model_options.h"
#include "apps/progress.h"
#include "apps/result_writer.h"

namespace fovea {

// What every verb takes that turns pictures into results.
struct PictureOptions {
  InputArguments inputs;
  ModelOptions model;
  ResultWriter::Options output;
  int64_t batch = 1;  // larger ones are no faster on CPUs, and take more memory
  bool stop_at_failure = false;
  bool quiet = false, verbose = false;
  Progress::Mode progress = Progress::Mode::kAuto;
};

void add_picture_options(CLI::App& app, PictureOptions& options);

// What is the verb's own.
struct PictureTask {
  Presentation presentation;
  std::function<Tensor(const Tensor& images)> infer;  // [n, H, W, 3] -> [n, values]
};

// Takes every input through the model and writes its result -> exit code.
int run_pictures(const PictureOptions& options, Console& console,
                 const std::function<PictureTask(const ImageModel&)>& task_for);

}  // namespace fovea
