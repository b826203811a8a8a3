#pragma once
#include "models/pipelines/detector.h"

namespace fovea {

// What a Detector holds.
struct DetectorState {
  DetectionNetwork network;
  Recipe recipe;
};

}  // namespace fovea
