#include "apps/train_settings.h"

namespace fovea {
namespace {

using Method = TrainerOptions::Method;
using Kind = Schedule::Kind;

const CLI::Range kShare(0.0, 1.0);
const CLI::Range kPositive(1e-12, 1e12), kNotNegative(0.0, 1e12), kWhole(int64_t{1}, int64_t{1} << 30);

// A word that stands for an optional value.
template <class Value>
void add_optional_choice(CLI::App& app, const std::string& name, std::optional<Value>& target,
                         std::vector<Choice<Value>> choices, const std::string& description) {
  std::vector<Choice<std::optional<Value>>> all;
  for (const Choice<Value>& choice : choices) all.push_back({choice.name, choice.value});
  add_choice<std::optional<Value>>(app, name, target, all, description);
}

void add_run_options(CLI::App& app, TrainSettings& s) {
  app.add_option("--data", s.data,
                 "Folder or tar with one folder of pictures a class, or with train/ and test/ of them")
      ->type_name("PATH");
  app.add_option("-m,--model", s.model,
                 "Checkpoint folder to go on from (or foveanet-cifar10, which comes along), or a config.json "
                 "to start "
                 "from nothing")
      ->type_name("PATH")
      ->envname("FOVEA_MODEL");
  app.add_option("-o,--output", s.folder, "Folder for the trained model and its metrics; default: run")
      ->type_name("RUN");
  CLI::Option* resume = app.add_flag("--resume", s.resume, "Go on where the run in RUN stopped");
  app.add_flag("--force", s.force, "Write over a run that is there")->excludes(resume);
  app.add_option("--checkpoint-minutes", s.checkpoint_minutes, "Save the state so often; default: 5")
      ->type_name("M")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--checkpoint-steps", s.checkpoint_steps, "Save the state after so many steps instead")
      ->type_name("N")
      ->check(kWhole);
  CLI::Option* hold_out =
      app.add_option("--holdout", s.hold_out,
                     "Share of each class to hold out; default: the data's own val or test, or 0.1")
          ->type_name("SHARE")
          ->check(CLI::Range(0.0, 0.9));
  app.add_option("--split", s.split, "Folder of the data to hold out")->type_name("NAME")->excludes(hold_out);
  add_choice<bool>(app, "--on-error", s.stop_at_failure, {{"skip", false}, {"fail", true}},
                   "skip or fail: go on without a picture that cannot be read, or stop");
  app.add_option("--threads", s.threads,
                 "Threads to use; default: $OMP_NUM_THREADS, or all this process may use")
      ->type_name("N")
      ->envname("FOVEA_THREADS")
      ->check(CLI::Range(1, 1024));
  using Mode = Progress::Mode;
  add_choice<Mode>(app, "--progress", s.progress,
                   {{"auto", Mode::kAuto}, {"plain", Mode::kPlain}, {"none", Mode::kNone}},
                   "auto (only on a terminal), plain or none");
  app.add_flag("-q,--quiet", s.quiet,
               "No line on standard error for each epoch and each picture that is skipped");
}

void add_learning_options(CLI::App& app, TrainSettings& s) {
  app.add_option("--epochs", s.epochs, "Times through the data; default: 10, from nothing 30")
      ->type_name("N")
      ->check(kWhole);
  app.add_option("--batch", s.batch, "Pictures a step; default: 32, from nothing 128")
      ->type_name("N")
      ->check(kWhole);
  app.add_option("--seed", s.seed, "Of all that is drawn; default: 0")->type_name("S");
  add_optional_choice<Method>(app, "--optimizer", s.method,
                              {{"sgd", Method::kSgd}, {"adamw", Method::kAdamW}},
                              "adamw, or sgd (Nesterov); default: adamw, from nothing sgd");
  app.add_option(
         "--lr", s.learning_rate,
         "Peak learning rate; default: adamw 1e-4, sgd 0.01, frozen 10 times, from nothing 1e-3 and 0.1")
      ->type_name("X")
      ->check(kPositive);
  app.add_option("--momentum", s.momentum, "Of sgd; default: 0.9")
      ->type_name("X")
      ->check(CLI::Range(0.0, 0.9999));
  app.add_option("--weight-decay", s.weight_decay,
                 "Default: adamw 0.05, sgd 5e-4; biases, norms and positions have none")
      ->type_name("X")
      ->check(kNotNegative);
  add_optional_choice<Kind>(app, "--schedule", s.schedule,
                            {{"cosine", Kind::kCosine},
                             {"one-cycle", Kind::kOneCycle},
                             {"step", Kind::kStep},
                             {"constant", Kind::kConstant}},
                            "cosine, one-cycle, step (a tenth at 1/2 and 3/4) or constant; default: cosine, "
                            "from nothing one-cycle");
  app.add_option("--warm-up", s.warm_up,
                 "Epochs of rising learning rate, also 0.5; default: 0.5; one-cycle 3/10 of all")
      ->type_name("EPOCHS")
      ->check(kNotNegative);
  app.add_option("--label-smoothing", s.label_smoothing, "Default: 0, from nothing 0.1")
      ->type_name("X")
      ->check(kShare);
  app.add_option("--clip-norm", s.clip_norm, "Longest gradient; 0: any; default: 1, from nothing 0")
      ->type_name("X")
      ->check(kNotNegative);
}

void add_network_options(CLI::App& app, TrainSettings& s) {
  app.add_option("--ema", s.average, "Keep a moving average of the weights, of this decay; 0.999 is usual")
      ->type_name("DECAY")
      ->check(CLI::Range(0.0, 0.999999));
  app.add_option("--freeze", s.frozen,
                 "Names of layers that stay as they are; 'backbone' is all but the classifier")
      ->type_name("PREFIX")
      ->take_all();
  app.add_option("--size", s.size, "Input size; default: the model's")
      ->type_name("N")
      ->check(CLI::Range(1, 8192));
}

void add_augmentation_options(CLI::App& app, TrainSettings& s) {
  CLI::Option* pad =
      app.add_option("--crop-padding", s.crop_padding,
                     "Crop from pictures padded by so much; default: 0, from nothing an eighth")
          ->type_name("N")
          ->check(CLI::Range(0, 4096));
  app.add_option("--random-resized-crop", s.random_resized_crop,
                 "Crop parts of at least this share of the picture")
      ->type_name("MIN")
      ->check(CLI::Range(0.0, 1.0))
      ->excludes(pad);
  app.add_option("--flip", s.flip, "Probability of a mirrored picture; default: 0.5, with --freeze 0")
      ->type_name("P")
      ->check(kShare);
  app.add_option("--colour-jitter", s.colour_jitter,
                 "Brightness, contrast and saturation by up to this factor")
      ->type_name("X")
      ->check(kShare);
  app.add_option("--rand-augment", s.rand_augment, "N operations of magnitude M, as in 2,9")
      ->type_name("N,M");
  app.add_option("--random-erasing", s.random_erasing, "Probability that a rectangle is erased")
      ->type_name("P")
      ->check(kShare);
  app.add_option("--cutout", s.cutout, "Side of a square that is erased")
      ->type_name("N")
      ->check(CLI::Range(0, 4096));
  app.add_option("--mixup", s.mixup, "Alpha of mixed pictures")->type_name("A")->check(kNotNegative);
  app.add_option("--cutmix", s.cutmix, "Alpha of pictures pasted into each other")
      ->type_name("A")
      ->check(kNotNegative);
}

}  // namespace

void add_train_options(CLI::App& app, TrainSettings& settings) {
  add_run_options(app, settings);
  add_learning_options(app, settings);
  add_network_options(app, settings);
  add_augmentation_options(app, settings);
}

}  // namespace fovea
