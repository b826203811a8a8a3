#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "attention/nn/pass.h"
#include "models/detection_network.h"
#include "vision/detections.h"
#include "vision/recipe.h"

namespace fovea {

struct DetectorState;

// A detector's checkpoint folder (config.json + model.safetensors) as a function of pictures. Safe to share
// between threads.
class Detector {
 public:
  static Detector load(const std::filesystem::path& folder);
  static Detector random(const std::filesystem::path& folder, uint64_t seed);  // config.json alone will do

  const ModelInfo& info() const;
  const Recipe& recipe() const;

  // What an upright RGB picture (8UC3) shows with a score above `threshold`, best first, in its own pixels.
  Detections operator()(const cv::Mat& rgb, float threshold = 0.5f, const Pass& pass = {}) const;

  // The same in steps: frames as recipe() makes them -> the model's raw answer -> boxes of one picture.
  BoxPredictions predict(const DetectorInput& input, const Pass& pass = {}) const;
  Detections select(const BoxPredictions& predictions, int64_t picture, cv::Size size, float threshold) const;

  // pixel_values [B, 3, H, W], pixel_mask [B, H, W] or none (1 where there is a picture) -> every output by
  // the name that the Python library gives it ("logits", "pred_boxes", ...).
  std::map<std::string, Tensor> run(const Tensor& pixel_values, const Tensor& pixel_mask, bool all) const;

 private:
  explicit Detector(std::shared_ptr<const DetectorState> state) : state_(std::move(state)) {}
  static Detector open(const std::filesystem::path& folder, bool with_weights, uint64_t seed);
  std::shared_ptr<const DetectorState> state_;
};

}  // namespace fovea
