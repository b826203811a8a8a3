#include "apps/train_classify_settings.h"

#include <fmt/format.h>

#include "apps/embedded_model.h"
#include "apps/number_pair.h"

namespace fovea {
namespace {

using Method = TrainerOptions::Method;
using Kind = Schedule::Kind;

const CLI::Validator kShare = within(0, 1), kNotNegative = within(0, 1e12);
constexpr TrainHelp kHelp = {
    .data = "Folder or tar with one folder of pictures a class, or with train/ and test/ of them",
    .model =
        "Checkpoint folder to go on from (or foveanet-cifar10, which comes along), or a config.json to start "
        "from nothing",
    .hold_out = "Share of each class to hold out; default: the data's own val or test, or 0.1",
    .epochs = "Times through the data; default: 10, from nothing 30",
    .batch = "Pictures a step; default: 32, from nothing 128",
    .optimizer = "adamw, muon, or sgd (Nesterov); default: adamw, from nothing sgd",
    .learning_rate =
        "Peak learning rate; default: 1e-4 (adamw, muon) or 0.01 (sgd), ten times that with --freeze; from "
        "nothing 1e-3 or 0.1",
    .weight_decay = "Default: adamw, muon 0.05, sgd 5e-4; biases, norms and positions have none",
    .schedule =
        "cosine, one-cycle, step (a tenth at 1/2 and 3/4) or constant; default: cosine, from nothing "
        "one-cycle",
    .warm_up = "Epochs of rising learning rate, also 0.5; default: 0.5; one-cycle 3/10 of all",
    .clip_norm = "Longest gradient; 0: any; default: 1, from nothing 0",
    .average = "Keep a moving average of the weights, of this decay; 0.999 is usual",
    .freeze = "Names of layers that stay as they are; 'backbone' is all but the classifier"};

// "N,M" of --rand-augment.
void read_rand_augment(const std::string& text, Augmentation& augmentation) {
  const auto sane = [](int value, int most) { return value >= 0 && value <= most; };
  if (!read_pair(text, ',', augmentation.rand_augment, augmentation.magnitude) ||
      !sane(augmentation.rand_augment, 100) || !sane(augmentation.magnitude, 30))
    fail_with(kUsage, "--rand-augment: '", text,
              "' is not N,M; write operations (at most 100) and magnitude (at most 30), as in 2,9");
}

void add_augmentation_options(CLI::App& app, TrainClassifySettings& s) {
  CLI::Option* pad =
      app.add_option("--crop-padding", s.crop_padding,
                     "Crop from pictures padded by so much; default: 0, from nothing an eighth")
          ->type_name("N")
          ->check(CLI::Range(0, 4096));
  using Border = Augmentation::Border;
  add_choice<Border>(app, "--padding", s.border, {{"black", Border::kZero}, {"reflect", Border::kReflect}},
                     "What pictures are padded with: black or reflect");
  app.add_option("--random-resized-crop", s.random_resized_crop,
                 "Crop parts of at least this share of the picture")
      ->type_name("MIN")
      ->check(within(0, 1))
      ->excludes(pad);
  app.add_option("--flip", s.flip, "Probability of a mirrored picture; default: 0.5, with --freeze 0")
      ->type_name("P")
      ->check(kShare);
  app.add_option("--colour-jitter", s.colour_jitter,
                 "Brightness, contrast and saturation by up to this factor")
      ->type_name("X")
      ->check(kShare);
  app.add_option("--hue", s.hue, "Hue by up to this share of its circle")
      ->type_name("X")
      ->check(within(0, 0.5));
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

void add_teacher_options(CLI::App& app, TrainClassifySettings& s) {
  CLI::Option* teacher =
      app.add_option(
             "--teacher", s.teachers,
             "Learn from what this classifier of the same classes says, too; of several, from their mean")
          ->type_name("PATH")
          ->take_all();
  app.add_option("--teacher-weight", s.teacher_weight, "Its share of the loss; default: 0.5")
      ->type_name("X")
      ->check(kShare)
      ->needs(teacher);
  app.add_option("--temperature", s.temperature,
                 "Higher ones tell more of what else a picture looks like to it; default: 2")
      ->type_name("T")
      ->check(within(0.01, 100))
      ->needs(teacher);
}

}  // namespace

void TrainClassifySettings::take_defaults() {
  for (std::string& teacher : teachers) teacher = model_path(teacher);
  const bool checkpoint = from_checkpoint();
  settle(method, checkpoint ? Method::kAdamW : Method::kSgd);
  const bool adam = *method != Method::kSgd;  // Muon's steps are as long
  settle(schedule, checkpoint ? Kind::kCosine : Kind::kOneCycle);
  check_given();
  settle(epochs, int64_t{checkpoint ? 10 : 30});
  settle(batch, int64_t{checkpoint ? 32 : 128});
  settle(weight_decay, adam ? 0.05 : 5e-4);
  settle(warm_up, *schedule == Kind::kOneCycle ? 0.0 : 0.5);
  settle(label_smoothing, checkpoint ? 0.0 : 0.1);
  settle(clip_norm, checkpoint ? 1.0 : 0.0);
  settle(average, 0.0);
  settle(flip, frozen.empty() ? 0.5 : 0.0);
  if (checkpoint || random_resized_crop > 0) settle(crop_padding, int64_t{0});
  if (border != Augmentation::Border::kZero && crop_padding == int64_t{0})
    fail_with(kUsage, "--padding: nothing is padded; leave it out",
              random_resized_crop > 0 ? "" : ", or add --crop-padding N");
  const double gentle = frozen.empty() ? 1 : 10;  // a head alone, or nearly, takes larger steps
  settle(learning_rate, adam ? (checkpoint ? 1e-4 * gentle : 1e-3) : (checkpoint ? 0.01 * gentle : 0.1));
}

std::map<std::string, std::string> TrainClassifySettings::described() const {
  std::map<std::string, std::string> all = TrainSettings::described();
  all.insert({{"--label-smoothing", shown(*label_smoothing)},
              {"--mixup", shown(mixup)},
              {"--cutmix", shown(cutmix)},
              {"--crop-padding", crop_padding ? std::to_string(*crop_padding) : "an eighth of the input"},
              {"--random-resized-crop", shown(random_resized_crop)},
              {"--flip", shown(*flip)},
              {"--padding", border == Augmentation::Border::kReflect ? "reflect" : "black"},
              {"--colour-jitter", shown(colour_jitter)},
              {"--hue", shown(hue)},
              {"--rand-augment", rand_augment},
              {"--random-erasing", shown(random_erasing)},
              {"--cutout", std::to_string(cutout)},
              {"--split", split},
              {"--teacher", fmt::format("{}", fmt::join(teachers, " "))},
              {"--teacher-weight", shown(teacher_weight)},
              {"--temperature", shown(temperature)},
              {"--size", size == 0 ? "" : std::to_string(size)}});
  return all;
}

Augmentation TrainClassifySettings::augmentation() const {
  Augmentation result;
  result.random_resized_crop = random_resized_crop > 0;
  if (result.random_resized_crop) result.crop_area = {random_resized_crop, 1};
  result.pad = crop_padding.value_or(0);
  result.border = border;
  result.flip = *flip;
  result.brightness = result.contrast = result.saturation = colour_jitter;
  result.hue = hue;
  if (!rand_augment.empty()) read_rand_augment(rand_augment, result);
  result.erase = random_erasing;
  result.cutout = cutout;
  result.mixup = mixup;
  result.cutmix = cutmix;
  return result;
}

void add_train_classify_options(CLI::App& app, TrainClassifySettings& settings) {
  CLI::Option* hold_out = add_train_options(app, settings, kHelp);
  app.add_option("--split", settings.split, "Folder of the data to hold out")
      ->type_name("NAME")
      ->excludes(hold_out);
  app.add_option("--label-smoothing", settings.label_smoothing, "Default: 0, from nothing 0.1")
      ->type_name("X")
      ->check(kShare);
  app.add_option("--size", settings.size, "Input size; default: the model's")
      ->type_name("N")
      ->check(CLI::Range(1, 8192));
  add_augmentation_options(app, settings);
  add_teacher_options(app, settings);
}

}  // namespace fovea
