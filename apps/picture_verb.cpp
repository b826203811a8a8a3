#include "apps/picture_verb.h"

#include <algorithm>
#include <cmath>
#include <istream>
#include <ostream>
#include <set>

#include "apps/exit_code.h"
#include "apps/signals.h"
#include "attention/base/isa.h"
#include "vision/preprocess.h"

namespace fovea {
namespace {

// "text, json or csv"
std::string listed(const std::vector<Choice<Format>>& words) {
  std::string list;
  for (size_t i = 0; i < words.size(); ++i)
    list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i].name);
  return list;
}

// How many there will be, unless nobody knows before they are read.
void expect_inputs(const InputArguments& arguments, const PictureTask& task, Progress& progress,
                   std::istream& in) {
  if (!progress.shown() || !arguments.files_from.empty()) return;
  Inputs inputs(arguments, in);
  int64_t count = 0;
  while (!received_signal()) {
    const std::optional<Input> input = inputs.next();
    if (!input) return progress.expect(count);
    if (task.source.videos && is_video(input->source)) return;
    ++count;
  }
}

// `unfinished`: inputs without a record of their failure.
int exit_code(const StreamCounts& counts, int64_t unfinished, const PictureOptions& options,
              Console& console) {
  const int64_t failures = counts.failures + unfinished;
  if (failures > 0) {
    const bool json = options.output.format == Format::kJson || options.output.format == Format::kNdjson;
    console.err << "fovea: " << failures << " of " << counts.inputs << " inputs failed";
    if (unfinished == 0)
      console.err << (json ? "; their records are in the output"
                           : "; --format ndjson keeps a record of each");
    console.err << "\n";
  }
  if (received_signal()) return 128 + received_signal();
  return failures > 0 ? kInputsFailed : kOk;
}

StreamOptions stream_options(const PictureOptions& options, Console& console, int threads) {
  StreamOptions stream;
  stream.batch = options.batch;
  stream.tokens = threads + 1;
  stream.stop_at_failure = options.stop_at_failure;
  stream.interrupted = [&console] { return received_signal() != 0 || !console.out; };
  return stream;
}

// Why a row of a model's output is of no use; nothing if it is.
std::optional<Failure> objection(std::span<const float> values, const Input& input) {
  if (std::ranges::all_of(values, [](float v) { return std::isfinite(v); })) return std::nullopt;
  return Failure{"not_finite", input.source + ": the model's output is not finite; check its weights"};
}

ResultSink written_by(ResultWriter& writer) {
  return {[&writer](Result& result) { writer.write(result); }, [&writer] { writer.finish(); }};
}

// How many inputs that had not failed have files, beside the output, that could not be finished.
int64_t finish_files(const PictureTask& task, const std::set<int64_t>& failed, Console& console) {
  if (!task.files) return 0;
  int64_t count = 0;
  for (const Unfinished& one : task.files->finish()) {
    console.err << "fovea: " << one.message << "\n";
    count += !failed.contains(one.index);
  }
  return count;
}

}  // namespace

decltype(StreamStages::infer) rows_of(std::function<Tensor(const Tensor& images)> model) {
  return [model = std::move(model)](const FramedBatch& pictures, std::span<Result* const> results) {
    const Tensor output = model(pictures.images);
    const size_t length = static_cast<size_t>(output.count()) / results.size();
    for (size_t i = 0; i < results.size(); ++i) {
      const std::span<const float> row = output.values().subspan(i * length, length);
      results[i]->input.failure = objection(row, results[i]->input);
      if (!results[i]->input.failure) results[i]->values.assign(row.begin(), row.end());
    }
  };
}

void add_picture_options(CLI::App& app, PictureOptions& options, const char* usual_model,
                         const std::vector<Choice<Format>>& formats) {
  InputArguments& inputs = options.inputs;
  app.add_option("INPUT", inputs.operands, "Files, directories, patterns; '-' is a picture on standard input")
      ->type_name("");
  add_model_options(app, options.model, usual_model);
  app.add_flag("-r,--recursive", inputs.recursive, "Also the directories inside a directory");
  app.add_option("--files-from", inputs.files_from, "Names from a file, one a line; '-' is standard input")
      ->type_name("FILE");
  app.add_flag("-0,--null", inputs.nul_separated, "Names from --files-from end in NUL, not in a newline");
  std::vector<Choice<Format>> words = {
      {"text", Format::kText}, {"json", Format::kJson}, {"ndjson", Format::kNdjson}, {"csv", Format::kCsv}};
  words.insert(words.end(), formats.begin(), formats.end());
  CLI::Option* format = add_choice<Format>(app, "--format", options.output.format, words, listed(words));
  app.add_flag_callback(
         "--json", [&options] { options.output.format = Format::kJson; }, "The same as --format json")
      ->excludes(format);
  app.add_flag("--buffered", options.output.buffered, "Do not flush the output after each result");
  app.add_option("--batch", options.batch, "Most pictures that go through the model at once")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  add_choice<bool>(app, "--on-error", options.stop_at_failure, {{"skip", false}, {"fail", true}},
                   "skip or fail: go on after an input that fails, or stop");
  add_progress_option(app, options.progress);
  app.add_flag("-q,--quiet", options.quiet, "No line on standard error for each failed input");
  app.add_flag("-v,--verbose", options.verbose, "Say what runs, and on what");
}

void check_inputs(const InputArguments& inputs) {
  if (inputs.operands.empty() && inputs.files_from.empty())
    fail_with(kUsage, "no picture given; name a file or a directory, or give --files-from");
  int readers = inputs.files_from == "-";
  for (const std::string& operand : inputs.operands) readers += operand == "-";
  if (readers > 1) fail_with(kUsage, "standard input can be read once only; leave one '-' out");
}

int run_pictures(const PictureOptions& options, Console& console, const PictureTask& task, int threads) {
  const std::string& verb = task.presentation.task;
  Inputs inputs(options.inputs, console.in);
  PictureSource source(inputs, task.source);
  Progress progress(console.err, options.progress, console.err_is_terminal, verb);
  expect_inputs(options.inputs, task, progress, console.in);
  std::optional<ResultWriter> writer;
  if (!task.output) {
    ResultWriter::Options output = options.output;
    output.single = options.inputs.single() && !(task.source.videos && is_video(options.inputs.operands[0]));
    writer.emplace(console.out, output, task.model, task.presentation);
  }
  const ResultSink output = task.output ? *task.output : written_by(*writer);
  const StreamOptions stream = stream_options(options, console, threads);
  if (options.verbose)
    console.err << "fovea: " << verb << ": model " << task.model.id << ", " << threads << " threads, batch "
                << stream.batch << ", " << active_isa() << "\n";

  std::set<int64_t> failed;
  const auto write = [&](Result& result) {
    if (task.files) task.files->write(result);
    if (result.input.failure && !options.quiet) {
      progress.clear();
      console.err << "fovea: " << result.input.failure->message << "\n";
    }
    output.write(result);
    if (result.input.failure) failed.insert(result.input.index);
    progress.advance();
  };
  const StreamCounts counts =
      stream_images({[&] { return source.next(); },
                     [&](Input input) { return read_picture(std::move(input), task.reading, console.in); },
                     task.infer, write},
                    stream);
  output.finish();
  progress.finish();
  return exit_code(counts, finish_files(task, failed, console), options, console);
}

int run_pictures(const PictureOptions& options, Console& console,
                 const std::function<PictureTask(const ImageModel&)>& task_for) {
  check_inputs(options.inputs);
  return with_model(options.model, [&](const ImageModel& model, int threads) {
    PictureTask task = task_for(model);
    task.model = model.info();
    task.reading = {.frame = [model](const cv::Mat& rgb) -> FramedBatch {
                      return {make_batch(std::span(&rgb, 1), model.recipe()), {}};
                    },
                    .apply_exif = model.recipe().apply_exif};
    return run_pictures(options, console, task, threads);
  });
}

}  // namespace fovea
