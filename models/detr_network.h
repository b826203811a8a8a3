#pragma once
#include <memory>

#include "models/detector_outputs.h"
#include "models/image_tokens.h"

namespace fovea {

// A model over `picture`'s tokens as a network; `outputs` names what it says.
template <class Model>
DetectionNetwork detr_network(std::shared_ptr<const Model> model, const ModelInfo& info, BoxScores scores,
                              const ImageTokensConfig& picture,
                              NamedOutputs (*outputs)(const Model&, const DetectorInput&, bool)) {
  DetectionNetwork network;
  network.info = info;
  network.scores = scores;
  network.detect = [model](const DetectorInput& input, const Pass& pass, const DenoisingQueries*) {
    return (*model)(input, pass);
  };
  network.outputs = [model, outputs](const DetectorInput& input, bool all) {
    return outputs(*model, input, all);
  };
  network.layout = [picture](int64_t height, int64_t width) { return picture.layout(height, width); };
  return network;
}

}  // namespace fovea
