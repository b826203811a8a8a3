#include "models/trainable_detector.h"

#include <algorithm>

#include "attention/base/error.h"
#include "models/training_plan.h"

namespace fovea {
namespace {

// The classes of the model: `wanted`, in the model's own order if it has just those.
std::vector<std::string> ordered(const std::vector<std::string>& wanted,
                                 const std::vector<std::string>& known) {
  return std::is_permutation(known.begin(), known.end(), wanted.begin(), wanted.end()) ? known : wanted;
}

DetectionLossConfig loss_of(const ConfigJson& config, BoxScores scores) {
  const auto number = [&](const char* key, double absent) {
    const double value = config.number(key, absent);
    if (!(value >= 0 && value < 1e6)) config.refuse(key, "is no weight from 0 on");
    return static_cast<float>(value);
  };
  const double label = scores == BoxScores::kSigmoid ? 2 : 1;
  DetectionLossConfig loss;
  loss.scores = scores;
  loss.costs = {.label = number("class_cost", label),
                .box = number("bbox_cost", 5),
                .giou = number("giou_cost", 2),
                .scores = scores};
  loss.label = number("cls_loss_coefficient", label);
  loss.box = number("bbox_loss_coefficient", 5);
  loss.giou = number("giou_loss_coefficient", 2);
  loss.nothing = number("eos_coefficient", 0.1);
  loss.focal_alpha = number("focal_alpha", 0.25);
  return loss;
}

}  // namespace

TrainableDetector load_trainable_detector(const TrainingSource& wanted) {
  ModelSource source = open_training_source(wanted.path);
  const std::string file = source.config->file();
  const std::vector<std::string> known = plan_detector(source).info.labels;
  const bool same = take_labels(source, known, ordered(wanted.labels, known));
  const auto plan = std::make_shared<const DetectorPlan>(plan_detector(source));
  if (!same && plan->info.labels != wanted.labels)
    fail(file, ": ", plan->info.architecture, " takes no other classes; use the model's own");

  TrainableDetector result;
  take_plan(result, source, plan, wanted.tuning, same);
  const DetectionNetwork network = build_detector(*plan, *result.store, wanted.path.string());
  expect_finite(*result.store, wanted.path.string());
  result.info = network.info;
  result.scores = network.scores;
  result.takes_denoising = network.takes_denoising;
  result.loss = loss_of(*source.config, network.scores);
  result.detect = network.detect;
  result.inference = [plan, file](const std::map<std::string, Tensor>& ours) {
    ParameterStore store(as_stored(ours), Purpose::kInference);
    return build_detector(*plan, store, file);
  };
  return result;
}

}  // namespace fovea
