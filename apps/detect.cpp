#include <cmath>
#include <ostream>

#include "apps/coco_output.h"
#include "apps/detect_settings.h"
#include "apps/drawn_pictures.h"
#include "apps/output_folder.h"
#include "attention/base/atomic_file.h"
#include "models/text_file.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Finds objects in pictures and videos.\n\n"
    "  fovea detect street.jpg -m detr\n"
    "  fovea detect photos/ -r -m detr --format ndjson --threshold 0.7 >photos.ndjson\n"
    "  fovea detect street.jpg -m detr --save drawn          a copy with the boxes\n"
    "  fovea detect clip.mp4 -m detr --every 5 --save drawn --format csv\n"
    "  fovea detect photos/ -m detr --format yolo --output labels\n"
    "  fovea detect val2017 -m detr --format coco --annotations instances_val2017.json >found.json\n\n"
    "Videos (MP4, MOV, AVI, MKV, WebM, GIF) are named one by one; folders are searched for pictures.\n"
    "yolo's files have a classes.txt beside them.\n"
    "category_id: COCO's for its 91 or 80 classes, else class_id + 1; or what --annotations says.\n"
    "image_id: what --annotations says, else 1, 2, ..., and images.json says which is which.\n";

bool finite(const Tensor& values, int64_t picture) {
  const auto each = static_cast<size_t>(values.count() / values.dim(0));
  const auto own = values.values().subspan(static_cast<size_t>(picture) * each, each);
  return std::ranges::all_of(own, [](float v) { return std::isfinite(v); });
}

void find_objects(const Detector& detector, const FramedBatch& pictures, std::span<Result* const> results,
                  float threshold) {
  const BoxPredictions found = detector.predict({pictures.images, pictures.padding});
  for (int64_t i = 0; i < std::ssize(results); ++i) {
    Result& result = *results[static_cast<size_t>(i)];
    const cv::Size size(static_cast<int>(result.width), static_cast<int>(result.height));
    if (finite(found.logits, i) && finite(found.boxes, i))
      result.objects = detector.select(found, i, size, threshold);
    else
      result.input.failure = Failure{
          "not_finite", result.input.source + ": the model's output is not finite; check its weights"};
  }
}

AnnotatedPictures read_data(const DetectSettings& settings) {
  try {
    return read_annotations({.path = settings.annotations,
                             .split = settings.split,
                             .check = PictureCheck::kNone,
                             .boxes = false});
  } catch (const Error& error) {
    fail_with(kUsage, error.what());
  }
}

// One run, with all that it writes.
class DetectRun {
 public:
  DetectRun(const DetectSettings& settings, const Detector& detector, std::ostream& out)
      : settings_(settings), format_(settings.pictures.output.format), out_(out) {
    words_ = {.labels = detector.info().labels,
              .categories = category_ids(detector.info().labels),
              .threshold = settings.threshold,
              .whole_pixels = settings.hf_compat};
    if (!settings.annotations.empty()) use(read_data(settings));
    if (!settings.save.empty()) {
      saved_.emplace("--save", settings.save, settings.force);
      drawn_.emplace(words_, settings.every);
    }
    if (!settings.output.empty()) labels_.emplace("--output", settings.output, settings.force);
    if (labels_ && format_ == Format::kYolo) write_classes();
    if (format_ != Format::kCoco) return;
    if (!labels_ && !ids_) OutputFolder("images.json", ".", false);  // whether it can be written at all
    coco_.emplace(out,
                  CocoOutput::Options{
                      .folder = settings.output, .force = settings.force, .ids = ids_ ? &*ids_ : nullptr},
                  words_);
  }

  PictureTask task(const Detector& detector) {
    PictureTask task;
    task.model = detector.info();
    task.reading = {
        .frame = [detector](
                     const cv::Mat& rgb) { return make_framed_batch(std::span(&rgb, 1), detector.recipe()); },
        .apply_exif = detector.recipe().apply_exif,
        .keep_pixels = saved_.has_value()};
    task.infer = [detector, threshold = settings_.threshold](const FramedBatch& pictures,
                                                             std::span<Result* const> results) {
      find_objects(detector, pictures, results, threshold);
    };
    task.presentation = presentation();
    task.source = {
        .videos = true,
        .every = settings_.every,
        .claim_picture = [this](Input& input, std::optional<cv::Size> video) { claim_picture(input, video); },
        .claim_labels = [this](Input& input) { claim_labels(input); }};
    task.files = FileSink{[this](Result& result) { write_files(result); },
                          [this] { return drawn_ ? drawn_->finish() : std::vector<Unfinished>(); }};
    if (coco_)
      task.output = ResultSink{[this](Result& result) { coco_->write(result); }, [this] { coco_->finish(); }};
    else if (writes_labels())
      task.output = ResultSink{[this](Result& result) { print_labels(result); }, [this] { out_.flush(); }};
    return task;
  }

 private:
  bool writes_labels() const { return format_ == Format::kYolo || format_ == Format::kVoc; }

  // The folder may hold labels of other pictures, but of no other classes.
  void write_classes() {
    const std::string path = labels_->claim("classes", ".txt"), classes = yolo_classes(words_);
    if (!settings_.force && read_text(path).value_or(classes) != classes)
      fail_with(kUsage, "--output: ", path, " names other classes; choose another folder, or add --force");
    write_file(path, classes);
  }

  void use(const AnnotatedPictures& data) {
    try {
      words_.categories = category_ids(words_.labels, data);
    } catch (const Error& error) {
      fail_with(kUsage, settings_.annotations, ": ", error.what());
    }
    ids_.emplace(data);
  }

  Presentation presentation() const {
    const bool frames = settings_.names_video();
    const DetectionWords words = words_;
    return {.task = "detect",
            .model_task = "object-detection",
            .text = [words](const Result& result) { return text_of(result, words); },
            .json = [words](const Result& result) { return json_of(result, words); },
            .csv = [words, frames](const Result& result) { return csv_of(result, words, frames); },
            .csv_header = csv_header(frames)};
  }

  void claim_picture(Input& input, std::optional<cv::Size> video) {
    const std::string& source = input.source;
    if (format_ == Format::kCsv && video && !settings_.names_video())
      input.failure = frames_without_columns(source);
    else if (coco_ && ids_ && !(*ids_)[source])
      input.failure = Failure{"not_annotated", source + ": is none, or several, of the pictures in " +
                                                   settings_.annotations + "; leave --annotations out"};
    if (input.failure || !saved_) return;
    input.picture_to = saved_->claim(stem_of(source), drawn_extension(source, video));
    input.failure = saved_->objection(input.picture_to, source);
  }

  void claim_labels(Input& input) {
    if (!labels_ || !writes_labels()) return;
    std::string stem = stem_of(input.source);
    if (input.frame) {
      const std::string number = std::to_string(input.frame->number);
      stem += "-" + std::string(number.size() < 6 ? 6 - number.size() : 0, '0') + number;
    }
    input.labels_to = labels_->claim(stem, format_ == Format::kYolo ? ".txt" : ".xml");
    input.failure = labels_->objection(input.labels_to, input.source);
  }

  std::string labels_of(const Result& result) const {
    return format_ == Format::kYolo ? yolo_of(result, words_) : voc_of(result, words_);
  }

  void write_files(Result& result) {
    if (drawn_) drawn_->write(result);
    if (result.input.failure || result.input.labels_to.empty()) return;
    try {
      write_file(result.input.labels_to, labels_of(result));
    } catch (const Error& error) {
      result.input.failure = Failure{"save_failed", result.input.source + ": " + error.what()};
    }
  }

  void print_labels(const Result& result) {
    if (!result.input.failure && !labels_) out_ << labels_of(result);
  }

  const DetectSettings& settings_;
  Format format_;
  std::ostream& out_;
  DetectionWords words_;
  std::optional<PictureIds> ids_;
  std::optional<OutputFolder> saved_, labels_;
  std::optional<DrawnPictures> drawn_;
  std::optional<CocoOutput> coco_;
};

}  // namespace

int detect_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea detect");
  DetectSettings settings;
  add_detect_options(app, settings);
  if (!parse_options(app, arguments, console)) return kOk;
  check(settings);
  return with_detector(settings.pictures.model, [&](const Detector& detector, int threads) {
    DetectRun run(settings, detector, console.out);
    return run_pictures(settings.pictures, console, run.task(detector), threads);
  });
}

}  // namespace fovea
