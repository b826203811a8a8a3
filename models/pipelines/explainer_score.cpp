#include <algorithm>

#include "attention/base/error.h"
#include "models/pipelines/class_scores.h"
#include "models/pipelines/explainer_state.h"

namespace fovea {
namespace {

// What a model knows as nothing: 0 where values are normalised, which is the mean colour of the pictures it
// learnt from; else the frame's own mean colour.
Tensor blank_of(const Tensor& image, const Recipe& recipe) {
  Tensor blank = Tensor::full(image.shape(), 0);
  if (recipe.normalise) return blank;
  const int64_t pixels = image.count() / 3;
  for (int64_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < pixels; ++i) sum += image.data()[3 * i + c];
    for (int64_t i = 0; i < pixels; ++i)
      blank.mutable_data()[3 * i + c] = static_cast<float>(sum / static_cast<double>(pixels));
  }
  return blank;
}

}  // namespace

Faithfulness Explainer::Look::score(const cv::Mat& map, std::optional<int64_t> class_id) const {
  const ExplainerState& model = *state_->model;
  if (model.detects || !model.scores())
    fail("attend: ", model.info.id, " has no classifier; only a classifier's maps are scored");
  if (map.empty() || map.type() != CV_32FC1) fail("attend: the map to be scored holds no float32 values");
  const ScoreOf score = state_->score_of({.class_id = class_id});
  const auto class_score = [&](const Tensor& images) {
    const Tensor logits = model.network.image.logits(images, {});
    const auto classes = static_cast<size_t>(logits.dim(1));
    std::vector<double> scores;
    for (size_t i = 0; i < static_cast<size_t>(logits.dim(0)); ++i)
      scores.push_back(class_scores(logits.values().subspan(i * classes, classes),
                                    model.info.multi_label)[static_cast<size_t>(score.class_id)]);
    return scores;
  };
  Tensor values({map.rows, map.cols});
  for (int y = 0; y < map.rows; ++y)
    std::copy_n(map.ptr<float>(y), map.cols, values.mutable_data() + static_cast<int64_t>(y) * map.cols);
  return faithfulness(state_->images, blank_of(state_->images, model.recipe), values, class_score);
}

}  // namespace fovea
