#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/inputs.h"
#include "apps/model_options.h"
#include "apps/picture_reader.h"
#include "apps/picture_source.h"
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

// `formats`: the words of --format beside text, json, ndjson and csv.
void add_picture_options(CLI::App& app, PictureOptions& options,
                         const char* usual_model = kEmbeddedClassifier,
                         const std::vector<Choice<Format>>& formats = {});

// What takes results, in their order.
struct ResultSink {
  std::function<void(Result&)> write;  // may fail the result: then what it says of it is the failure
  std::function<void()> finish = [] {};
};

// What writes files beside the output, and before it.
struct FileSink {
  std::function<void(Result&)> write;  // as ResultSink's
  std::function<std::vector<Unfinished>()> finish;
};

// What is the verb's own.
struct PictureTask {
  ModelInfo model;
  PictureReading reading;
  decltype(StreamStages::infer) infer;
  Presentation presentation;
  PictureSource::Options source = {};
  std::optional<FileSink> files = {};
  std::optional<ResultSink> output = {};  // in place of the ResultWriter's
};

// For models that make a row of values of each picture: [n, H, W, 3] -> [n, values].
decltype(StreamStages::infer) rows_of(std::function<Tensor(const Tensor& images)> model);

// Takes every input through the model and writes its result -> exit code.
int run_pictures(const PictureOptions& options, Console& console, const PictureTask& task, int threads);
int run_pictures(const PictureOptions& options, Console& console,
                 const std::function<PictureTask(const ImageModel&)>& task_for);
void check_inputs(const InputArguments& inputs);  // whether there are any, as far as arguments say

}  // namespace fovea
