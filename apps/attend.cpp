#include <ostream>

#include "apps/attend_output.h"
#include "apps/attend_text.h"
#include "apps/category_ids.h"

namespace fovea {
namespace {

constexpr uint64_t kDrawnSeed = 7;  // of --check-weights
constexpr char kHelp[] =
    "Shows what a model looks at.\n\n"
    "  fovea attend dog.jpg                             where the embedded classifier looks, in words\n"
    "  fovea attend dog.jpg -m deit -o dog.png          a map over the picture\n"
    "  fovea attend dog.jpg -m deit -o dog.html         a page to explore: layers, heads, every patch\n"
    "  fovea attend photos/ -m deit --kind relevance -o maps --score\n"
    "  fovea attend dog.jpg -m deit --kind raw --layer 5 --head 2 --at 412,230 -o patch.png\n"
    "  fovea attend dog.jpg -m deit --sheet -o sheet.png\n"
    "  fovea attend street.jpg -m detr --kind cross --object 3 -o third.png --save-raw third.npy\n"
    "  fovea attend clip.mp4 -m deit -o maps            a video; one scale for all of its frames\n\n"
    "Each map of a picture is coloured by its own least and greatest value. Frames of a video share one\n"
    "scale: their maps are kept, and the frames read again when the last of them is known.\n"
    "Of a detector there is a map for each object, or for the surest one where there is room for one only.\n";

// One run, with all that it writes.
class AttendRun {
 public:
  AttendRun(const AttendSettings& settings, const Explainer& explainer, const std::string& folder)
      : settings_(settings),
        explainer_(explainer),
        request_(request_for(settings, explainer)),
        output_(settings, request_.kind) {
    if (settings.check_weights)
      drawn_ = std::make_shared<const Explainer>(Explainer::random(folder, kDrawnSeed));
    words_ = {.model = explainer.info().id,
              .architecture = explainer.info().architecture,
              .request = request_,
              .detections = {.labels = explainer.info().labels,
                             .categories = category_ids(explainer.info().labels),
                             .threshold = settings.least_score()},
              .detects = explainer.detects(),
              .frames = settings.names_video(),
              .seed = kDrawnSeed};
  }

  PictureTask task() {
    PictureTask task;
    task.model = explainer_.info();
    // The model prepares a picture itself, with all that its maps need.
    task.reading = {.frame =
                        [](const cv::Mat&) {
                          return FramedBatch{Tensor::full({1, 1}, 0), {}};
                        },
                    .apply_exif = explainer_.recipe().apply_exif,
                    .keep_pixels = true};
    task.infer = [this](const FramedBatch&, std::span<Result* const> results) {
      for (Result* result : results) look_at(*result);
    };
    task.presentation = presentation();
    task.source = {
        .videos = true,
        .every = settings_.every,
        .claim_picture = [this](Input& input,
                                std::optional<cv::Size> video) { output_.claim_picture(input, video); },
        .claim_labels = [this](Input& input) { output_.claim_raw(input); }};
    task.files =
        FileSink{[this](Result& result) { output_.write(result); }, [this] { return output_.finish(); }};
    return task;
  }

 private:
  void look_at(Result& result) const {
    const bool picture = !result.input.frame;
    const AttendPlan plan{.request = request_,
                          .threshold = settings_.least_score(),
                          .each_object = picture && !settings_.one_file(),
                          .sheet = settings_.sheet && picture,
                          .page = settings_.writes_pages() && picture,
                          .score = settings_.score,
                          .drawn = drawn_};
    try {
      result.attended = attend(explainer_, result.rgb, plan, result.input.source);
    } catch (const Error& error) {
      result.input.failure = Failure{"not_possible", result.input.source + ": " + error.what()};
      return;
    }
    for (const FoundObject& object : result.attended->objects) result.objects.push_back(object.detection);
  }

  Presentation presentation() const {
    const AttendWords words = words_;
    return {.task = "attend",
            .model_task = explainer_.detects() ? "object-detection" : "image-classification",
            .text = [words](const Result& result) { return text_of(result, words); },
            .json = [words](const Result& result) { return json_of(result, words); },
            .csv = [words](const Result& result) { return csv_of(result, words); },
            .csv_header = csv_header(words)};
  }

  const AttendSettings& settings_;
  Explainer explainer_;
  MapRequest request_;
  AttendOutput output_;
  std::shared_ptr<const Explainer> drawn_;
  AttendWords words_;
};

}  // namespace

int attend_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea attend");
  AttendSettings settings;
  add_attend_options(app, settings);
  if (!parse_options(app, arguments, console)) return kOk;
  check(settings);
  return with_explainer(settings.pictures.model,
                        [&](const Explainer& explainer, const std::string& folder, int threads) {
                          AttendRun run(settings, explainer, folder);
                          return run_pictures(settings.pictures, console, run.task(), threads);
                        });
}

}  // namespace fovea
