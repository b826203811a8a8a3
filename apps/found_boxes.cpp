#include "apps/found_boxes.h"

#include "vision/coco_results.h"
#include "vision/decode.h"
#include "vision/prefetch.h"

namespace fovea {
namespace {

struct OpenedPicture {
  cv::Mat rgb;
  std::optional<PictureFailure> failure;
};

OpenedPicture open(const AnnotatedPictures& truth, int64_t i) {
  const std::string path = (truth.images / truth.pictures[static_cast<size_t>(i)].file).string();
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
    const OpenedPicture picture = coming.take(i, i + 1 < count ? std::optional(i + 1) : std::nullopt);
    if (picture.failure) {
      found.failures.push_back(*picture.failure);
    } else {
      found.pictures.push_back(truth.pictures[static_cast<size_t>(i)].id);
      for (const Detection& detection : detector(picture.rgb, threshold)) {
        const int64_t category = matches.at(static_cast<size_t>(detection.class_id));
        if (category >= 0)
          found.boxes.push_back(scored_box(i, category, coco_bbox(detection.box), detection.score));
      }
    }
    if (!step()) return std::nullopt;
  }
  return found;
}

}  // namespace fovea
