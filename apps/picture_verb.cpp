#include "apps/picture_verb.h"

#include <istream>
#include <ostream>

#include "apps/exit_code.h"
#include "apps/image_stream.h"
#include "apps/picture_reader.h"
#include "apps/signals.h"
#include "attention/base/isa.h"

namespace fovea {
namespace {

void check(const InputArguments& inputs) {
  if (inputs.operands.empty() && inputs.files_from.empty())
    fail_with(kUsage, "no picture given; name a file or a directory, or give --files-from");
  int readers = inputs.files_from == "-";
  for (const std::string& operand : inputs.operands) readers += operand == "-";
  if (readers > 1) fail_with(kUsage, "standard input can be read once only; leave one '-' out");
}

void expect_inputs(const InputArguments& arguments, Progress& progress, std::istream& in) {
  if (!progress.shown() || !arguments.files_from.empty()) return;
  Inputs inputs(arguments, in);
  int64_t count = 0;
  while (!received_signal() && inputs.next()) ++count;
  progress.expect(count);
}

int exit_code(const StreamCounts& counts, const PictureOptions& options, Console& console) {
  if (counts.failures > 0) {
    const bool json = options.output.format == Format::kJson || options.output.format == Format::kNdjson;
    console.err << "fovea: " << counts.failures << " of " << counts.inputs << " inputs failed; "
                << (json ? "their records are in the output" : "--format ndjson keeps a record of each")
                << "\n";
  }
  if (received_signal()) return 128 + received_signal();
  return counts.failures > 0 ? kInputsFailed : kOk;
}

StreamOptions stream_options(const PictureOptions& options, Console& console, int threads) {
  StreamOptions stream;
  stream.batch = options.batch;
  stream.tokens = threads + 1;
  stream.stop_at_failure = options.stop_at_failure;
  stream.interrupted = [&console] { return received_signal() != 0 || !console.out; };
  return stream;
}

int run_with(const PictureOptions& options, Console& console, const ImageModel& model,
             const PictureTask& task, int threads) {
  const std::string& verb = task.presentation.task;
  Inputs inputs(options.inputs, console.in);
  Progress progress(console.err, options.progress, console.err_is_terminal, verb);
  expect_inputs(options.inputs, progress, console.in);
  ResultWriter::Options output = options.output;
  output.single = options.inputs.single();
  ResultWriter writer(console.out, output, model.info(), task.presentation);

  const StreamOptions stream = stream_options(options, console, threads);
  if (options.verbose)
    console.err << "fovea: " << verb << ": model " << model.info().id << ", " << threads << " threads, batch "
                << stream.batch << ", " << active_isa() << "\n";

  const auto write = [&](const Result& result) {
    if (result.input.failure && !options.quiet) {
      progress.clear();
      console.err << "fovea: " << result.input.failure->message << "\n";
    }
    writer.write(result);
    progress.advance();
  };
  const StreamCounts counts =
      stream_images({[&] { return inputs.next(); },
                     [&](Input input) { return read_picture(std::move(input), model.recipe(), console.in); },
                     task.infer, write},
                    stream);
  writer.finish();
  progress.finish();
  return exit_code(counts, options, console);
}

}  // namespace

void add_picture_options(CLI::App& app, PictureOptions& options) {
  InputArguments& inputs = options.inputs;
  app.add_option("INPUT", inputs.operands, "Files, directories, patterns; '-' is a picture on standard input")
      ->type_name("");
  add_model_options(app, options.model);
  app.add_flag("-r,--recursive", inputs.recursive, "Also the directories inside a directory");
  app.add_option("--files-from", inputs.files_from, "Names from a file, one a line; '-' is standard input")
      ->type_name("FILE");
  app.add_flag("-0,--null", inputs.nul_separated, "Names from --files-from end in NUL, not in a newline");
  CLI::Option* format = add_choice<Format>(
      app, "--format", options.output.format,
      {{"text", Format::kText}, {"json", Format::kJson}, {"ndjson", Format::kNdjson}, {"csv", Format::kCsv}},
      "text, json, ndjson or csv");
  app.add_flag_callback(
         "--json", [&options] { options.output.format = Format::kJson; }, "The same as --format json")
      ->excludes(format);
  app.add_flag("--buffered", options.output.buffered, "Do not flush the output after each result");
  app.add_option("--batch", options.batch, "Most pictures that go through the model at once")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  add_choice<bool>(app, "--on-error", options.stop_at_failure, {{"skip", false}, {"fail", true}},
                   "skip or fail: go on after an input that fails, or stop");
  using Mode = Progress::Mode;
  add_choice<Mode>(app, "--progress", options.progress,
                   {{"auto", Mode::kAuto}, {"plain", Mode::kPlain}, {"none", Mode::kNone}},
                   "auto (only on a terminal), plain or none");
  app.add_flag("-q,--quiet", options.quiet, "No line on standard error for each failed input");
  app.add_flag("-v,--verbose", options.verbose, "Say what runs, and on what");
}

int run_pictures(const PictureOptions& options, Console& console,
                 const std::function<PictureTask(const ImageModel&)>& task_for) {
  check(options.inputs);
  return with_model(options.model, [&](const ImageModel& model, int threads) {
    return run_with(options, console, model, task_for(model), threads);
  });
}

}  // namespace fovea
