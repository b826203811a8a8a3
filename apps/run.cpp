#include <filesystem>
#include <ostream>

#include "apps/exit_code.h"
#include "apps/model_options.h"
#include "apps/signals.h"
#include "attention/checkpoint/safetensors.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Runs a model on a tensor file, to compare its numbers with another program's.\n\n"
    "  fovea run -m vit --input pixels.safetensors --output out.safetensors --all\n\n"
    "The input holds pixel_values [B, 3, H, W], for a detector also pixel_mask [B, H, W] if pictures do not "
    "fill\ntheir frames; the output gets what the Python library would name logits, pred_boxes and so on.\n";

struct RunInput {
  Tensor pixels, mask;
};

RunInput read_input(const std::string& path, bool with_mask) {
  try {
    const Safetensors file(path);
    if (!file.has("pixel_values"))
      fail(path, ": has no tensor 'pixel_values'; write the batch under that name, [B, 3, H, W]");
    const Shape& shape = file.shape("pixel_values");
    if (shape.rank() != 4 || shape[1] != 3 || shape.count() == 0)
      fail(path, ": pixel_values is ", shape, "; it must be [B, 3, H, W]");
    RunInput input{file.read("pixel_values"), {}};
    if (!with_mask || !file.has("pixel_mask")) return input;
    if (file.shape("pixel_mask") != Shape{shape[0], shape[2], shape[3]})
      fail(path, ": pixel_mask is ", file.shape("pixel_mask"), "; it must be ",
           Shape{shape[0], shape[2], shape[3]});
    input.mask = file.read("pixel_mask");
    return input;
  } catch (const Error& error) {
    fail_with(kInputsFailed, error.what());
  }
}

int write_outputs(const std::map<std::string, Tensor>& outputs, const std::string& path, Console& console) {
  save_safetensors(path, outputs);
  for (const auto& [name, value] : outputs) console.out << name << "  " << value.shape() << "\n";
  return received_signal() ? 128 + received_signal() : kOk;
}

}  // namespace

int run_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea run");
  ModelOptions options;
  std::string input, output;
  bool all = false, force = false;
  add_model_options(app, options);
  app.add_option("--input", input, "Safetensors file with pixel_values")->type_name("FILE");
  app.add_option("--output", output, "Safetensors file to write")->type_name("FILE");
  app.add_flag("--all", all, "Also hidden_states and attentions of every layer");
  app.add_flag("--force", force, "Write over an output that is there");
  if (!parse_options(app, arguments, console)) return kOk;
  if (input.empty() || output.empty())
    fail_with(kUsage, "fovea run: ", input.empty() ? "--input" : "--output", " is missing; give it a file");
  if (!force && std::filesystem::exists(output))
    fail_with(kUsage, output, ": is there already; choose another name, or add --force");
  return with_any_model(
      options,
      [&](const ImageModel& model, int) {
        return write_outputs(model.run(read_input(input, false).pixels, all), output, console);
      },
      [&](const Detector& detector, int) {
        const RunInput batch = read_input(input, true);
        return write_outputs(detector.run(batch.pixels, batch.mask, all), output, console);
      });
}

}  // namespace fovea
