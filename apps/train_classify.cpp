#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/model_options.h"
#include "apps/progress.h"
#include "apps/signals.h"
#include "apps/train_classify_settings.h"
#include "apps/train_run.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"
#include "models/saved_size.h"
#include "models/training/classification_task.h"
#include "models/training/linear_probe.h"
#include "models/training/saved_recipe.h"

namespace fovea {
namespace {

// Among what a resumed run must have alike.
constexpr char kTeacher[] = "the teacher", kTeachersConfig[] = "the teacher's config";
// Pictures that a network which does not learn gets at a time, whatever a step's batch is: its answers are
// the same, and a large one's memory is bounded.
constexpr int64_t kNetworksBatch = 32;
constexpr char kHelp[] =
    "Trains a classifier on pictures in one folder a class.\n\n"
    "  fovea train classify --data flowers -m vit -o flowers-vit            train a checkpoint further\n"
    "  fovea train classify --data flowers -m vit --freeze backbone         its classifier alone: quick\n"
    "  fovea train classify --data cifar10.tar -m config.json --epochs 30   a network from nothing\n"
    "  fovea train classify --data flowers -m small.json --teacher flowers-vit  a small one, by a large one\n"
    "  fovea train classify --data flowers -m vit -o flowers-vit --resume   go on where it stopped\n"
    "  fovea classify new.jpg -m flowers-vit                                use what was trained\n\n"
    "RUN gets model.safetensors, config.json and preprocessor_config.json, a model like any other;\n"
    "metrics.csv and curves.png; training.json; and training_state.safetensors, to go on from (with a\n"
    "teacher, teacher.safetensors too: what it said).\n";

TrainableNetwork load_network(const TrainSettings& settings, const std::vector<std::string>& labels) {
  TrainingSource source{.path = settings.model, .labels = labels, .tuning = {}};
  source.tuning.seed = settings.seed;
  source.tuning.frozen = frozen_names(settings.frozen, [&] { return load_trainable_network(source); });
  TrainableNetwork network = load_trainable_network(source);
  check_frozen(source.tuning.frozen, network);
  return network;
}

std::string record_of(const ClassificationData& data) {
  const nlohmann::ordered_json held_out = {{"split", data.held_out_pictures.split()},
                                           {"pictures", data.held_out.size()}};
  const nlohmann::ordered_json record = {
      {"classes", data.classes()}, {"pictures", data.train_counts()}, {"held_out", held_out}};
  return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Folders below the data are its classes, or its splits.
void expect_beside(const std::string& folder, const std::string& data) {
  const auto whole = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error).string() + "/";
  };
  if (whole(folder).starts_with(whole(data)))
    fail_with(kUsage, folder, ": lies in the data, of which it would become a part; choose another -o");
}

// One run, from what was asked for to its exit code.
class TrainClassifyVerb {
 public:
  TrainClassifyVerb(const TrainClassifySettings& settings, const Arguments& arguments, Console& console)
      : settings_(settings),
        console_(console),
        run_(settings, arguments,
             {.train = "train classify",
              .use = "classify",
              .measures = classification_measures(),
              .reported = 3},
             console) {}

  int run() {
    const ClassificationData data = as(kUsage, [&] {
      return open_classification_data(
          settings_.data, {.split = settings_.split, .share = settings_.hold_out, .seed = settings_.seed});
    });
    TrainerOptions options = settings_.trainer();
    TrainableNetwork network = as(kModelUnusable, [&] { return load_network(settings_, data.classes()); });
    const Recipe recipe = as(kModelUnusable, [&] {
      return training_recipe(settings_.model, network, settings_.size, settings_.size);
    });
    save_at_size(network, recipe.height(), recipe.width());
    const std::string preprocessor = preprocessor_config(recipe);
    options.described = settings_.described();
    describe_source(options, network, data.fingerprint(), preprocessor);
    for (const std::string& teacher : settings_.teachers) {
      run_.spare(teacher, "the teacher");
      as(kModelUnusable, [&] { teachers_.emplace_back(teacher, data.classes()); });
      options.described[kTeacher] += teachers_.back().key(data.fingerprint());
      options.described[kTeachersConfig] += teachers_.back().config_key();
    }
    expect_beside(settings_.folder, settings_.data);
    tell_others(data.pictures);
    const auto open = [&] { return run_.open(options, network, preprocessor, record_of(data)); };
    return told_by_cause([&] { return train(network, data, recipe, options, open); });
  }

 private:
  void tell_others(const ImageFolder& data) {
    const size_t count = data.others().size();
    if (count == 0) return;
    run_.note(settings_.data + ": " + std::to_string(count) +
              (count == 1 ? " file is not read" : " files are not read, the first") + ": " +
              in_quotes(data.others().front()) +
              " is no file, or no picture by its name; 'fovea data check' names them all");
  }

  int train(const TrainableNetwork& network, const ClassificationData& data, const Recipe& recipe,
            const TrainerOptions& options, const std::function<RunFolder()>& open) {
    Augmentation augmentation = settings_.augmentation();
    if (!settings_.crop_padding) augmentation.pad = recipe.height() / 8;
    const BatchOptions batches{.batch = *settings_.batch,
                               .seed = settings_.seed,
                               .drop_last = *settings_.batch <= static_cast<int64_t>(data.train.size()),
                               .stop_at_failure = settings_.stop_at_failure};
    if (trains_head_alone(network) && !varies(augmentation) && teachers_.empty())
      return probe(network, data, recipe, options, open(), batches);
    ClassificationTask task = as(kUsage, [&] {
      return ClassificationTask(network, data, recipe, augmentation,
                                {.batches = batches,
                                 .label_smoothing = static_cast<float>(*settings_.label_smoothing),
                                 .interrupted = [] { return received_signal() != 0; }});
    });
    RunFolder folder = open();
    if (!teachers_.empty()) {
      const std::string key = options.described.at(kTeacher) + options.described.at(kTeachersConfig);
      if (!learn(data, key, batches, task, folder)) return interrupted_code();
    }
    return run_.train(network, task.task(), options, folder);
  }

  // Puts what the teachers say into the task. They are asked once in a run, however often that is resumed.
  bool learn(const ClassificationData& data, const std::string& key, BatchOptions batches,
             ClassificationTask& task, RunFolder& folder) {
    batches.batch = kNetworksBatch;
    Tensor logits = folder.teacher(key);
    if (!logits) {
      logits = mean_logits(data, batches);
      if (!logits) return false;
      folder.write_teacher(key, logits);
    }
    const auto temperature = static_cast<float>(settings_.temperature);
    task.learn_from({.shares = softmax(scale(logits, 1 / temperature), -1),
                     .share = static_cast<float>(settings_.teacher_weight),
                     .temperature = temperature});
    return true;
  }

  // The mean of their logits is, up to a constant, the logarithm of their shares' geometric mean, at any
  // temperature. None, if it was interrupted.
  Tensor mean_logits(const ClassificationData& data, const BatchOptions& batches) {
    Progress progress(console_.err, settings_.progress, console_.err_is_terminal, "teacher");
    progress.expect(std::ssize(data.train) * std::ssize(teachers_));
    const auto step = [&](int64_t pictures) {
      while (pictures-- > 0) progress.advance();
      return received_signal() == 0;
    };
    Tensor sum;
    for (size_t i = 0; i < teachers_.size(); ++i) {
      const std::optional<Tensor> said =
          usable(settings_.teachers[i], [&] { return teachers_[i].logits(data, batches, step); });
      if (!said) {
        progress.finish();
        return {};
      }
      sum = sum ? sum + *said : *said;
    }
    progress.finish();
    return scale(sum, 1 / static_cast<float>(teachers_.size()));
  }

  int probe(const TrainableNetwork& network, const ClassificationData& data, const Recipe& recipe,
            const TrainerOptions& options, RunFolder folder, BatchOptions batches) {
    run_.note("only the classifier is trained: each picture goes through the network once");
    // A run goes on with the backbone that it began with, whatever the checkpoint holds by now.
    if (const auto state = folder.state()) restore_model(*state, *network.store);
    const auto step = [](int64_t) { return received_signal() == 0; };
    BatchOptions looks = batches;
    looks.batch = std::min(batches.batch, kNetworksBatch);
    std::optional<Features> train = features_of(network, data.pictures, data.train, recipe, looks, step);
    std::optional<Features> held_out;
    if (train && !data.held_out.empty())
      held_out = features_of(network, data.held_out_pictures, data.held_out, recipe, looks, step);
    if (!train || (!data.held_out.empty() && !held_out)) return interrupted_code();
    batches.drop_last = batches.batch <= static_cast<int64_t>(train->labels.size());
    const LinearProbe probe(network, std::move(*train), std::move(held_out), batches,
                            static_cast<float>(*settings_.label_smoothing));
    return run_.train(network, probe.task(), options, folder);
  }

  static bool varies(const Augmentation& a) {
    return a.random_resized_crop || a.pad > 0 || a.flip > 0 || a.brightness > 0 || a.contrast > 0 ||
           a.saturation > 0 || a.hue > 0 || a.rand_augment > 0 || a.erase > 0 || a.cutout > 0 || a.mixes();
  }

  const TrainClassifySettings& settings_;
  Console& console_;
  TrainRun run_;
  std::vector<Teacher> teachers_;
};

}  // namespace

int train_classify_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea train classify");
  TrainClassifySettings settings;
  add_train_classify_options(app, settings);
  if (!parse_options(app, arguments, console)) return kOk;
  complete(settings);
  return with_threads(settings.threads,
                      [&](int) { return TrainClassifyVerb(settings, arguments, console).run(); });
}

}  // namespace fovea
