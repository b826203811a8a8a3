#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attention/checkpoint/name_table.h"
#include "attention/nn/pass.h"
#include "attention/nn/weights.h"
#include "models/image_network.h"
#include "models/model_info.h"

namespace fovea {

// A batch of pictures of several sizes, each in the top left corner.
struct DetectorInput {
  Tensor images;        // [B, H, W, 3]
  Tensor padding = {};  // [B, H, W], not 0 where there is no picture; none: every picture fills its frame
};

// Boxes are {centre x, centre y, width, height}, 0 to 1 over the frame.
struct BoxPredictions {
  Tensor logits;  // [B, N, classes], or [B, N, classes + 1] with the last for "nothing"
  Tensor boxes;   // [B, N, 4]
};

// Queries that begin at boxes near the truth, beside the model's own: Li et al. 2022,
// https://arxiv.org/abs/2203.01305. Neighbours in groups of `group` see each other and no other query, and no
// other query sees them.
struct DenoisingQueries {
  Tensor boxes;  // [B, N, 4]
  int64_t group = 0;
};

struct DetectorOutput {
  std::vector<BoxPredictions> layers;    // of the decoder's layers; the last one is the model's answer
  std::optional<BoxPredictions> tokens;  // of a two-stage model: what every token of its encoder proposes
  std::vector<BoxPredictions> denoised;  // of the same layers, for denoising queries if there were any
};

// What turns logits into scores: the classes' share of a softmax that has "nothing" as its last, or each its
// own sigmoid.
enum class BoxScores { kSoftmax, kSigmoid };

// A network from pictures to boxes, whatever its family.
struct DetectionNetwork {
  ModelInfo info;
  BoxScores scores = BoxScores::kSoftmax;
  bool takes_denoising = false;
  // `denoising`: null, or for a model that takes them. Without Pass::running, batch norms are frozen.
  std::function<DetectorOutput(const DetectorInput& input, const Pass& pass,
                               const DenoisingQueries* denoising)>
      detect;
  // Every output by the name that the Python library gives it; `all` adds hidden states and attentions.
  std::function<std::map<std::string, Tensor>(const DetectorInput& input, bool all)> outputs;
  // Of the tokens that its encoder weighs, for frames of this size; empty if they are of several maps.
  std::function<TokenLayout(int64_t height, int64_t width)> layout;
};

// As NetworkPlan, for detectors.
struct DetectorPlan {
  ModelInfo info;  // all but the number of parameters
  std::shared_ptr<const NameTable> names;
  std::map<std::string, Shape> stored_shapes;  // see NetworkPlan
  std::vector<std::string> heads;              // our names of what other classes need anew
  std::vector<std::string> fixed;              // our names of what no training changes
  std::function<DetectionNetwork(const Weights& w, const ModelInfo& info)> build;
};

bool is_detector(const ModelSource& source);
DetectorPlan plan_detector(const ModelSource& source);  // fails with one line that names the file
// Builds over the store; fails with the parameters that do not fit. The info then has their number.
DetectionNetwork build_detector(const DetectorPlan& plan, ParameterStore& store, const std::string& file);
DetectionNetwork load_detector(const ModelSource& source);

}  // namespace fovea
