#include "apps/found_boxes.h"

#include "models/pipelines/select_detections.h"
#include "models/training/training_error.h"
#include "vision/coco_results.h"
#include "vision/decode.h"
#include "vision/framed_batch.h"
#include "vision/prefetch.h"

namespace fovea {
namespace {

struct OpenedPicture {
  cv::Mat rgb;
  std::optional<PictureFailure> failure;
};

std::string path_of(const AnnotatedPictures& truth, int64_t i) {
  return (truth.images / truth.pictures[static_cast<size_t>(i)].file).string();
}

OpenedPicture open(const AnnotatedPictures& truth, int64_t i) {
  const std::string path = path_of(truth, i);
  try {
    return {read_image(path).rgb, {}};
  } catch (const ImageError& error) {
    return {{}, PictureFailure{path, error.what()}};
  }
}

}  // namespace

std::optional<FoundBoxes> find_boxes(const Detector& detector, const AnnotatedPictures& truth,
                                     const std::vector<int64_t>& matches, float threshold,
                                     const std::function<bool()>& step) {
  Prefetch<OpenedPicture> coming([&](int64_t i) { return open(truth, i); }, 1);
  FoundBoxes found;
  const int64_t count = std::ssize(truth.pictures);
  for (int64_t i = 0; i < count; ++i) {
    OpenedPicture picture = coming.take(i, i + 1 < count ? std::optional(i + 1) : std::nullopt);
    if (!picture.failure) {
      try {
        const FramedBatch frame = make_framed_batch(std::span(&picture.rgb, 1), detector.recipe());
        const BoxPredictions predictions = detector.predict({frame.images, frame.padding});
        if (!is_finite(predictions))
          throw NotFinite("what it says of a picture is not finite; check its weights");
        const Detections detections = detector.select(predictions, 0, picture.rgb.size(), threshold);
        found.pictures.push_back(truth.pictures[static_cast<size_t>(i)].id);
        for (const Detection& detection : detections) {
          const int64_t category = matches.at(static_cast<size_t>(detection.class_id));
          if (category >= 0)
            found.boxes.push_back(scored_box(i, category, coco_bbox(detection.box), detection.score));
        }
      } catch (const NotFinite&) {
        throw;
      } catch (const Error& error) {  // of an unusual shape
        const std::string path = path_of(truth, i);
        picture.failure = PictureFailure{path, path + ": " + error.what()};
      }
    }
    if (picture.failure) found.failures.push_back(*picture.failure);
    if (!step()) return std::nullopt;
  }
  return found;
}

}  // namespace fovea
