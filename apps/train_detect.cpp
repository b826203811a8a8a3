#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/model_options.h"
#include "apps/number_pair.h"
#include "apps/signals.h"
#include "apps/train_detect_settings.h"
#include "apps/train_run.h"
#include "models/pipelines/recipe_of.h"
#include "models/training/detection_recipe.h"
#include "models/training/detection_task.h"
#include "models/training/saved_recipe.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Trains a detector on pictures whose objects have boxes.\n\n"
    "  fovea train detect --data bccd -m detr -o bccd-detr                  train a checkpoint further\n"
    "  fovea train detect --data bccd -m config.json --size 240x320         a model from nothing\n"
    "  fovea train detect --data train.json --held-out val.json -m detr     COCO's files\n"
    "  fovea train detect --data bccd -m detr -o bccd-detr --resume         go on where it stopped\n"
    "  fovea detect new.jpg -m bccd-detr                                    use what was trained\n\n"
    "Data are a COCO, VOC or YOLO data set: its folder, or COCO's JSON.\n"
    "RUN gets model.safetensors, config.json and preprocessor_config.json, a model like any other;\n"
    "metrics.csv and curves.png; training.json; and training_state.safetensors, to go on from.\n";

constexpr int64_t kFew = 50, kFewFromNothing = 500;  // pictures

FrameSize read_size(const std::string& text) {
  FrameSize size;
  if (text.empty()) return size;
  constexpr int64_t kMost = 8192;
  const auto sane = [](int64_t side) { return side >= 1 && side <= kMost; };
  if (!read_pair(text, 'x', size.height, size.width) || !sane(size.height) || !sane(size.width))
    fail_with(kUsage, "--size: '", text, "' is no size; write HxW, as in 240x320");
  return size;
}

TrainableDetector load_detector_for(const TrainDetectSettings& settings,
                                    const std::vector<std::string>& labels) {
  TrainingSource source{.path = settings.model, .labels = labels, .tuning = {}};
  source.tuning.seed = settings.seed;
  source.tuning.frozen = settings.frozen;
  TrainableDetector detector = load_trainable_detector(source);
  check_frozen(settings.frozen, detector);
  return detector;
}

// An evaluation takes about a third of what as many pictures take in training.
int64_t usual_evaluation(const DetectionData& data) {
  const auto train = std::ssize(data.train.pictures), held_out = std::ssize(data.held_out.pictures);
  return std::max<int64_t>(1, (10 * held_out + 3 * train - 1) / (3 * train));
}

std::string record_of(const DetectionData& data) {
  const nlohmann::ordered_json record = {
      {"classes", data.labels()},
      {"split", data.train_split},
      {"pictures", data.train.pictures.size()},
      {"objects", data.object_counts()},
      {"held_out", {{"split", data.held_out_split}, {"pictures", data.held_out.pictures.size()}}}};
  return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// One run, from what was asked for to its exit code.
class TrainDetectVerb {
 public:
  TrainDetectVerb(TrainDetectSettings settings, const Arguments& arguments, Console& console)
      : settings_(std::move(settings)),
        run_(settings_, arguments,
             {.train = "train detect", .use = "detect", .measures = detection_measures(), .reported = 3},
             console) {}

  int run() {
    const FrameSize size = read_size(settings_.size);
    DetectionData data = as(kUsage, [&] { return open_detection_data(source()); });
    settle(settings_.evaluate_every, usual_evaluation(data));
    const TrainableDetector detector =
        as(kModelUnusable, [&] { return load_detector_for(settings_, data.labels()); });
    data.order_categories(detector.info.labels);
    TrainerOptions options = settings_.trainer();
    const Recipe recipe =
        as(kModelUnusable, [&] { return detection_recipe(settings_.model, detector, data.train, size); });
    DetectionTask task =
        as(kUsage, [&] { return DetectionTask(detector, data, recipe, task_options(data)); });
    tell(data, detector);
    const std::string preprocessor = preprocessor_config(recipe, processor_of(detector.info));
    options.described = settings_.described();
    describe_source(options, detector, data.fingerprint(), preprocessor);
    RunFolder folder = run_.open(options, detector, preprocessor, record_of(data));
    return run_.train(detector, task.task(), options, folder);
  }

 private:
  DetectionDataSource source() const {
    return {.path = settings_.data,
            .images = settings_.images,
            .split = settings_.split,
            .held_out = settings_.held_out,
            .held_out_images = settings_.held_out_images,
            .share = settings_.hold_out,
            .seed = settings_.seed};
  }

  DetectionOptions task_options(const DetectionData& data) const {
    return {.batches = {.batch = *settings_.batch,
                        .seed = settings_.seed,
                        .drop_last = *settings_.batch <= std::ssize(data.train.pictures),
                        .stop_at_failure = settings_.stop_at_failure},
            .augmentation = settings_.augmentation(),
            .denoising = {.queries = settings_.denoising},
            .token_copies = settings_.token_copies,
            .interrupted = [] { return received_signal() != 0; }};
  }

  void tell(const DetectionData& data, const TrainableDetector& detector) {
    std::vector<std::string> unreadable;
    for (const AnnotatedPictures* set : {&data.train, &data.held_out})
      for (const PictureFailure& picture : set->left_out) unreadable.push_back(picture.reason);
    run_.tell_unreadable(unreadable);
    for (const AnnotatedPictures* set : {&data.train, &data.held_out})
      if (const std::string told = repaired_entries(*set); !told.empty()) run_.note(told);
    tell_few(std::ssize(data.train.pictures), detector.from_checkpoint);
    if (data.held_out.pictures.empty())
      run_.note("nothing is held out: only the training loss tells how it goes");
  }

  void tell_few(int64_t count, bool from_checkpoint) {
    if (count >= (from_checkpoint ? kFew : kFewFromNothing)) return;
    run_.note(std::to_string(count) + (count == 1 ? " picture is" : " pictures are") + " few to " +
              (from_checkpoint ? "train a detector on: it may do well on them alone; add more"
                               : "learn a detector from nothing; go on from a checkpoint (-m FOLDER) if "
                                 "there is one") +
              ", and vary them (--scale, --colour-jitter, --mosaic)");
  }

  TrainDetectSettings settings_;
  TrainRun run_;
};

}  // namespace

int train_detect_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea train detect");
  TrainDetectSettings settings;
  add_train_detect_options(app, settings);
  if (!parse_options(app, arguments, console)) return kOk;
  complete(settings);
  return with_threads(settings.threads,
                      [&](int) { return TrainDetectVerb(settings, arguments, console).run(); });
}

}  // namespace fovea
