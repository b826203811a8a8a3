#include "models/pipelines/detector_state.h"
#include "models/pipelines/select_detections.h"
#include "vision/framed_batch.h"

namespace fovea {

Detections Detector::operator()(const cv::Mat& rgb, float threshold, const Pass& pass) const {
  const FramedBatch frame = make_framed_batch(std::span(&rgb, 1), recipe());
  return select(predict({frame.images, frame.padding}, pass), 0, rgb.size(), threshold);
}

Detections Detector::select(const BoxPredictions& predictions, int64_t picture, cv::Size size,
                            float threshold) const {
  return select_detections(predictions, picture, size,
                           {.scores = state_->network.scores, .threshold = threshold});
}

}  // namespace fovea
