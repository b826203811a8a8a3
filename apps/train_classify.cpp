#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "apps/embedded_model.h"
#include "apps/model_options.h"
#include "apps/signals.h"
#include "apps/train_settings.h"
#include "apps/training_progress.h"
#include "models/training/classification_task.h"
#include "models/training/linear_probe.h"
#include "models/training/saved_recipe.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Trains a classifier on pictures in one folder a class.\n\n"
    "  fovea train classify --data flowers -m vit -o flowers-vit            train a checkpoint further\n"
    "  fovea train classify --data flowers -m vit --freeze backbone         its classifier alone: quick\n"
    "  fovea train classify --data cifar10.tar -m config.json --epochs 30   a network from nothing\n"
    "  fovea train classify --data flowers -m vit -o flowers-vit --resume   go on where it stopped\n"
    "  fovea classify new.jpg -m flowers-vit                                use what was trained\n\n"
    "RUN gets model.safetensors, config.json and preprocessor_config.json, a model like any other;\n"
    "metrics.csv and curves.png; training.json; and training_state.safetensors, to go on from.\n";

// What fails in work() is the caller's doing, of this kind.
template <class Work>
auto as(ExitCode code, const Work& work) {
  try {
    return work();
  } catch (const ProgramError&) {
    throw;
  } catch (const Error& error) {
    fail_with(code, error.what());
  }
}

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                              "-_./,:=@%+") == std::string::npos)
    return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::string command_line(const Arguments& arguments) {
  std::string line = "fovea train classify";
  for (const std::string& word : arguments)
    if (word != "--resume" && word != "--force") line += " " + quoted(word);
  return line;
}

// All there is of a name, up to a dot, that is not the classifier's.
std::vector<std::string> backbone_of(const TrainableNetwork& network) {
  std::vector<std::string> names;
  for (const auto& [name, value] : network.store->state()) {
    const bool head = std::any_of(network.heads.begin(), network.heads.end(),
                                  [&](const std::string& h) { return name.starts_with(h + "."); });
    if (!head) names.push_back(name);
  }
  return names;
}

void check_frozen(const std::vector<std::string>& frozen, const TrainableNetwork& network) {
  std::vector<std::string> names;
  for (const auto& [name, value] : network.store->state())
    for (size_t dot = name.find('.');; dot = name.find('.', dot + 1)) {
      names.push_back(name.substr(0, dot));
      if (dot == std::string::npos) break;
    }
  for (const std::string& prefix : frozen)
    if (std::find(names.begin(), names.end(), prefix) == names.end())
      fail_with(kUsage, "--freeze: the model has no layer '", prefix, "'",
                suggestion(prefix, names, "write 'backbone', or a name such as '" + names.front() + "'"));
}

TrainableNetwork load_network(const TrainSettings& settings, const std::vector<std::string>& labels,
                              std::vector<std::string>& frozen) {
  TrainingSource source{.path = settings.model, .labels = labels, .tuning = {}};
  source.tuning.seed = settings.seed;
  frozen = settings.frozen;
  if (const auto found = std::find(frozen.begin(), frozen.end(), "backbone"); found != frozen.end()) {
    frozen.erase(found);
    const std::vector<std::string> names = backbone_of(load_trainable_network(source));
    frozen.insert(frozen.end(), names.begin(), names.end());
  }
  source.tuning.frozen = frozen;
  TrainableNetwork network = load_trainable_network(source);
  check_frozen(frozen, network);
  return network;
}

std::string training_json(const TrainSettings& settings, const TrainerOptions& options,
                          const ClassificationData& data, const std::string& command) {
  nlohmann::ordered_json held_out = {{"split", data.held_out_pictures.split()},
                                     {"pictures", data.held_out.size()}};
  const nlohmann::ordered_json json = {{"command", command},          {"data", settings.data},
                                       {"classes", data.classes()},   {"pictures", data.train_counts()},
                                       {"held_out", held_out},        {"seed", settings.seed},
                                       {"options", options.described}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void expect_alike(const RunFolder& folder, const TrainerOptions& options) {
  const std::optional<TrainingState> state = as(kUsage, [&] { return folder.state(); });
  if (!state) return;
  const std::string difference = first_difference(state->options, options.described);
  if (!difference.empty())
    fail_with(kUsage, folder.path().string(), ": cannot be resumed: ", difference,
              "; give what the run began with (see its training.json), or start over with --force");
}

// One run, from what was asked for to its exit code.
class TrainVerb {
 public:
  TrainVerb(const TrainSettings& settings, std::string command, Console& console)
      : settings_(settings),
        command_(std::move(command)),
        console_(console),
        progress_(console, settings.progress, settings.quiet) {}

  int run() {
    const ClassificationData data = as(kUsage, [&] {
      return open_classification_data(
          settings_.data, {.split = settings_.split, .share = settings_.hold_out, .seed = settings_.seed});
    });
    TrainerOptions options = settings_.trainer();
    const TrainableNetwork network =
        as(kModelUnusable, [&] { return load_network(settings_, data.classes(), options.frozen); });
    options.described = settings_.described();
    options.described["the data set"] = data.fingerprint();
    const Recipe recipe =
        as(kModelUnusable, [&] { return training_recipe(settings_.model, network, settings_.size); });
    const RunFolder folder = as(kUsage, [&] { return RunFolder(settings_.folder, settings_.start()); });
    expect_alike(folder, options);
    folder.write_text("training.json", training_json(settings_, options, data, command_));
    folder.write_text("config.json", network.config);
    folder.write_text("preprocessor_config.json", preprocessor_config(recipe));
    return train(network, data, recipe, options, folder);
  }

 private:
  int train(const TrainableNetwork& network, const ClassificationData& data, const Recipe& recipe,
            const TrainerOptions& options, const RunFolder& folder) {
    Augmentation augmentation = settings_.augmentation();
    if (!settings_.crop_padding) augmentation.pad = recipe.height() / 8;
    BatchOptions batches{.batch = *settings_.batch,
                         .seed = settings_.seed,
                         .drop_last = *settings_.batch <= static_cast<int64_t>(data.train.size()),
                         .stop_at_failure = settings_.stop_at_failure};
    if (trains_head_alone(network) && !varies(augmentation))
      return probe(network, data, recipe, options, folder, batches);
    ClassificationTask task(network, data, recipe, augmentation, batches,
                            [] { return received_signal() != 0; });
    return finish(Trainer(network, task.task(), options, folder, events(options)));
  }

  int probe(const TrainableNetwork& network, const ClassificationData& data, const Recipe& recipe,
            const TrainerOptions& options, const RunFolder& folder, BatchOptions batches) {
    progress_.note("only the classifier is trained: each picture goes through the network once");
    const auto step = [](int64_t) { return received_signal() == 0; };
    std::optional<Features> train = features_of(network, data.pictures, data.train, recipe, batches, step);
    std::optional<Features> held_out;
    if (train && !data.held_out.empty())
      held_out = features_of(network, data.held_out_pictures, data.held_out, recipe, batches, step);
    if (!train || (!data.held_out.empty() && !held_out)) return 128 + received_signal();
    batches.drop_last = batches.batch <= static_cast<int64_t>(train->labels.size());
    const LinearProbe probe(network, std::move(*train), std::move(held_out), batches);
    return finish(Trainer(network, probe.task(), options, folder, events(options)));
  }

  static bool varies(const Augmentation& a) {
    return a.random_resized_crop || a.pad > 0 || a.flip > 0 || a.brightness > 0 || a.contrast > 0 ||
           a.saturation > 0 || a.hue > 0 || a.rand_augment > 0 || a.erase > 0 || a.cutout > 0 || a.mixes();
  }

  TrainingEvents events(const TrainerOptions& options) {
    return {.step = [this](const StepReport& report) { progress_.step(report); },
            .epoch = [this, epochs = options.epochs](
                         const EpochMetrics& metrics) { progress_.epoch(metrics, epochs); },
            .note = [this](const std::string& line) { progress_.note(line); },
            .interrupted = [] { return received_signal() != 0; }};
  }

  int finish(Trainer trainer) {
    const bool finished = trainer.run();
    progress_.clear();
    const size_t unreadable = trainer.state().unreadable.size();
    if (!finished) {
      console_.err << "fovea: stopped and saved; go on with: " << command_ << " --resume\n";
      return 128 + received_signal();
    }
    if (unreadable > 0)
      console_.err << "fovea: " << unreadable << (unreadable == 1 ? " picture" : " pictures")
                   << " could not be read and had no part in it\n";
    const EpochMetrics& last = trainer.state().epochs.back();
    console_.out << fmt::format("{}: {} epochs", settings_.folder, last.epoch);
    if (!std::isnan(last.held_out_accuracy))
      console_.out << fmt::format(", held-out accuracy {:.4f}", last.held_out_accuracy);
    console_.out << fmt::format("; try: fovea classify PICTURE -m {}\n", quoted(settings_.folder));
    return unreadable > 0 ? kInputsFailed : kOk;
  }

  const TrainSettings& settings_;
  std::string command_;
  Console& console_;
  TrainingProgress progress_;
};

}  // namespace

int train_classify_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea train classify");
  TrainSettings settings;
  add_train_options(app, settings);
  if (!parse_options(app, arguments, console)) return kOk;
  if (settings.data.empty()) fail_with(kUsage, "no data given; add --data PATH");
  if (settings.model.empty())
    fail_with(kUsage, "no model given; add -m with a checkpoint folder or a config.json");
  settings.model = model_path(settings.model);
  settings.take_defaults();
  settings.augmentation();  // what is wrong with it is said before anything is read
  return with_threads(settings.threads,
                      [&](int) { return TrainVerb(settings, command_line(arguments), console).run(); });
}

}  // namespace fovea
