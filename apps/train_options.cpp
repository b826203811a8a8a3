#include <charconv>

#include "apps/model_options.h"
#include "apps/train_settings.h"

namespace fovea {
namespace {

using Method = TrainerOptions::Method;
using Kind = Schedule::Kind;

const CLI::Validator kPositive = within(1e-12, 1e12), kNotNegative = within(0, 1e12),
                     kWhole = CLI::Range(int64_t{1}, int64_t{1} << 30);

// A word that stands for an optional value.
template <class Value>
void add_optional_choice(CLI::App& app, const std::string& name, std::optional<Value>& target,
                         std::vector<Choice<Value>> choices, const std::string& description) {
  std::vector<Choice<std::optional<Value>>> all;
  for (const Choice<Value>& choice : choices) all.push_back({choice.name, choice.value});
  add_choice<std::optional<Value>>(app, name, target, all, description);
}

CLI::Option* add_run_options(CLI::App& app, TrainSettings& s, const TrainHelp& help) {
  app.add_option("--data", s.data, help.data)->type_name("PATH");
  app.add_option("-m,--model", s.model, help.model)->type_name("PATH")->envname("FOVEA_MODEL");
  app.add_option("-o,--output", s.folder, "Folder for the trained model and its metrics; default: run")
      ->type_name("RUN");
  CLI::Option* resume = app.add_flag("--resume", s.resume, "Go on where the run in RUN stopped");
  app.add_flag("--force", s.force, "Write over a run that is there")->excludes(resume);
  app.add_option("--checkpoint-minutes", s.checkpoint_minutes, "Save the state so often; default: 5")
      ->type_name("M")
      ->check(within(0, 1e6));
  app.add_option("--checkpoint-steps", s.checkpoint_steps, "Save the state after so many steps instead")
      ->type_name("N")
      ->check(kWhole);
  add_choice<Dtype>(app, "--dtype", s.dtype,
                    {{"f32", Dtype::kF32}, {"f16", Dtype::kF16}, {"bf16", Dtype::kBF16}},
                    "f32, f16 or bf16: what model.safetensors holds; half the size, less exact");
  CLI::Option* hold_out = app.add_option("--holdout,--hold-out", s.hold_out, help.hold_out)
                              ->type_name("SHARE")
                              ->check(within(0, 0.9));
  add_choice<bool>(app, "--on-error", s.stop_at_failure, {{"skip", false}, {"fail", true}},
                   "skip or fail: go on without a picture that cannot be read, or stop");
  add_threads_option(app, s.threads);
  add_progress_option(app, s.progress);
  app.add_flag("-q,--quiet", s.quiet,
               "No line on standard error for each epoch and each picture that is skipped");
  return hold_out;
}

void add_learning_options(CLI::App& app, TrainSettings& s, const TrainHelp& help) {
  app.add_option("--epochs", s.epochs, help.epochs)->type_name("N")->check(kWhole);
  app.add_option("--batch", s.batch, help.batch)->type_name("N")->check(kWhole);
  app.add_option("--seed", s.seed, "Of all that is drawn; default: 0")
      ->type_name("S")
      ->check([](const std::string& text) {
        uint64_t seed = 0;
        const char* const end = text.data() + text.size();
        const auto [last, error] = std::from_chars(text.data(), end, seed);
        return error == std::errc() && last == end ? "" : "is not a whole number from 0 to 2^64 - 1";
      });
  add_optional_choice<Method>(app, "--optimizer", s.method,
                              {{"sgd", Method::kSgd}, {"adamw", Method::kAdamW}, {"muon", Method::kMuon}},
                              help.optimizer);
  app.add_option("--lr", s.learning_rate, help.learning_rate)->type_name("X")->check(kPositive);
  app.add_option("--momentum", s.momentum, "Of sgd and muon; default: 0.9")
      ->type_name("X")
      ->check(within(0, 0.9999));
  app.add_option("--weight-decay", s.weight_decay, help.weight_decay)->type_name("X")->check(kNotNegative);
  add_optional_choice<Kind>(app, "--schedule", s.schedule,
                            {{"cosine", Kind::kCosine},
                             {"one-cycle", Kind::kOneCycle},
                             {"step", Kind::kStep},
                             {"constant", Kind::kConstant}},
                            help.schedule);
  app.add_option("--warm-up", s.warm_up, help.warm_up)->type_name("EPOCHS")->check(kNotNegative);
  app.add_option("--clip-norm", s.clip_norm, help.clip_norm)->type_name("X")->check(kNotNegative);
  app.add_option(
         "--sharpness-aware", s.sharpness_radius,
         "Step by the gradient at the worst weights in this radius (adaptive SAM), in twice the time; "
         "0.5 is usual")
      ->type_name("RHO")
      ->check(kNotNegative);
  app.add_option("--ema", s.average, help.average)->type_name("DECAY")->check(within(0, 0.999999));
  app.add_option("--freeze", s.frozen, help.freeze)->type_name("PREFIX")->take_all();
}

}  // namespace

CLI::Option* add_train_options(CLI::App& app, TrainSettings& settings, const TrainHelp& help) {
  CLI::Option* hold_out = add_run_options(app, settings, help);
  add_learning_options(app, settings, help);
  return hold_out;
}

}  // namespace fovea
