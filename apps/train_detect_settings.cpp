#include "apps/train_detect_settings.h"

#include "apps/number_pair.h"

namespace fovea {
namespace {

using Method = TrainerOptions::Method;
using Kind = Schedule::Kind;

const CLI::Validator kShare = within(0, 1);
constexpr TrainHelp kHelp = {
    .data = "A COCO, VOC or YOLO data set: its folder, or COCO's JSON",
    .model = "Checkpoint folder to go on from, or a config.json to start from nothing",
    .hold_out = "Share of the pictures to hold out; default: the data's own val or test, or 0.1",
    .epochs = "Times through the data; default: 30, from nothing 150",
    .batch = "Pictures a step; default: 8",
    .optimizer = "adamw, muon, or sgd (Nesterov); default: adamw",
    .learning_rate = "Peak learning rate; default: 1e-4, from nothing 5e-4; sgd 100 times",
    .weight_decay = "Default: 1e-4; biases, norms and positions have none",
    .schedule = "cosine, one-cycle, step (a tenth at 1/2 and 3/4) or constant; default: cosine",
    .warm_up = "Epochs of rising learning rate, also 0.5; default: 1, from nothing 3",
    .clip_norm = "Longest gradient; 0: any; default: 0.1",
    .average =
        "Decay of the moving average of the weights that is kept and evaluated; 0: none; default: "
        "0.999",
    .freeze = "Names of layers that stay as they are, such as 'backbone'"};

void add_data_options(CLI::App& app, TrainDetectSettings& s, CLI::Option* hold_out) {
  app.add_option("--images", s.images, "Folder of the pictures, if it is not where the format has it")
      ->type_name("DIR");
  app.add_option(
         "--split", s.split,
         "Which part of the data to train on; default: train or trainval, or all but what is held out")
      ->type_name("NAME");
  app.add_option("--held-out", s.held_out,
                 "Which part to hold out, or another annotation file; default: val or test")
      ->type_name("NAME")
      ->excludes(hold_out);
  app.add_option("--held-out-images", s.held_out_images,
                 "Folder of the pictures of the file that --held-out names")
      ->type_name("DIR");
  app.add_option("--eval-every", s.evaluate_every,
                 "Evaluate what is held out after so many epochs, and the last one; default: so often that "
                 "it takes about a tenth of the time")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
}

void add_model_options(CLI::App& app, TrainDetectSettings& s) {
  app.add_option("--backbone-lr-scale", s.backbone_rate,
                 "Times the learning rate, for the backbone; default: 0.1, from nothing 1")
      ->type_name("X")
      ->check(within(0, 1000));
  app.add_flag("--train-norms", s.train_norms,
               "Batch norms of a checkpoint learn too, in place of staying as they are");
  app.add_option("--token-copies", s.token_copies,
                 "Tokens of a two-stage model that learn to propose one and the same object; default: 4")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  app.add_option("--denoising", s.denoising,
                 "Queries that begin near the truth, for a model that takes them; 0: none; default: 100")
      ->type_name("N")
      ->check(CLI::Range(0, 4096));
  app.add_option("--size", s.size, "Size every picture is resized to; default: the model's, or at most 512")
      ->type_name("HxW");
}

void add_augmentation_options(CLI::App& app, TrainDetectSettings& s) {
  app.add_option("--flip", s.flip, "Probability of a mirrored picture; default: 0.5")
      ->type_name("P")
      ->check(kShare);
  app.add_option("--flip-vertical", s.flip_vertical, "Probability of one upside down")
      ->type_name("P")
      ->check(kShare);
  app.add_flag("--turn", s.turn, "Turn pictures by 0, 90, 180 or 270 degrees");
  app.add_option("--scale", s.scale, "Shrink or cut out of pictures, between these factors, as in 0.7,1.4")
      ->type_name("LOW,HIGH");
  app.add_option("--colour-jitter", s.colour_jitter,
                 "Brightness, contrast and saturation by up to this factor")
      ->type_name("X")
      ->check(kShare);
  app.add_option("--hue-jitter", s.hue_jitter, "Hue by up to this part of its circle")
      ->type_name("X")
      ->check(within(0, 0.5));
  app.add_option("--mosaic", s.mosaic, "Probability that four pictures make one")
      ->type_name("P")
      ->check(kShare);
}

// "LOW,HIGH" of --scale.
void read_scale(const std::string& text, DetectionAugmentation& augmentation) {
  constexpr double kLeast = 0.01, kMost = 100;
  double &low = augmentation.scale_low, &high = augmentation.scale_high;
  if (!read_pair(text, ',', low, high) || !(low >= kLeast && high >= low && high <= kMost))
    fail_with(kUsage, "--scale: '", text, "' is not LOW,HIGH; write two factors of ", kLeast, " to ", kMost,
              ", as in 0.7,1.4");
}

}  // namespace

void TrainDetectSettings::take_defaults() {
  const bool checkpoint = from_checkpoint();
  settle(method, Method::kAdamW);
  settle(schedule, Kind::kCosine);
  check_given();
  settle(epochs, int64_t{checkpoint ? 30 : 150});
  settle(batch, int64_t{8});
  settle(weight_decay, 1e-4);
  settle(warm_up, checkpoint ? 1.0 : 3.0);
  settle(clip_norm, 0.1);
  settle(average, 0.999);
  settle(backbone_rate, checkpoint ? 0.1 : 1.0);
  settle(learning_rate, (checkpoint ? 1e-4 : 5e-4) * (*method == Method::kSgd ? 100 : 1));
}

std::map<std::string, std::string> TrainDetectSettings::described() const {
  std::map<std::string, std::string> all = TrainSettings::described();
  all.insert({{"--split", split},
              {"--held-out", held_out},
              {"--eval-every", std::to_string(*evaluate_every)},
              {"--backbone-lr-scale", shown(*backbone_rate)},
              {"--train-norms", train_norms ? "given" : ""},
              {"--denoising", std::to_string(denoising)},
              {"--token-copies", std::to_string(token_copies)},
              {"--size", size},
              {"--flip", shown(flip)},
              {"--flip-vertical", shown(flip_vertical)},
              {"--turn", turn ? "given" : ""},
              {"--scale", scale},
              {"--colour-jitter", shown(colour_jitter)},
              {"--hue-jitter", shown(hue_jitter)},
              {"--mosaic", shown(mosaic)}});
  return all;
}

TrainerOptions TrainDetectSettings::trainer() const {
  TrainerOptions options = TrainSettings::trainer();
  options.rates["backbone"] = static_cast<float>(*backbone_rate);
  options.live_norms = train_norms || !from_checkpoint();
  options.evaluate_every = *evaluate_every;
  return options;
}

DetectionAugmentation TrainDetectSettings::augmentation() const {
  DetectionAugmentation result;
  result.flip = flip;
  result.flip_vertical = flip_vertical;
  result.turn = turn;
  if (!scale.empty()) read_scale(scale, result);
  result.brightness = result.contrast = result.saturation = colour_jitter;
  result.hue = hue_jitter;
  result.mosaic = mosaic;
  return result;
}

void add_train_detect_options(CLI::App& app, TrainDetectSettings& settings) {
  add_data_options(app, settings, add_train_options(app, settings, kHelp));
  add_model_options(app, settings);
  add_augmentation_options(app, settings);
}

}  // namespace fovea
