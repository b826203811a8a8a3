#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/ops/reorder.h"
#include "models/pipelines/class_scores.h"
#include "models/pipelines/explainer_state.h"
#include "models/pipelines/select_detections.h"
#include "vision/framed_batch.h"
#include "vision/preprocess.h"

namespace fovea {
namespace {

ExplainedPass run(const LookState& look, const ExplainedNetwork& network, bool whole, bool probes) {
  ExplainedPass result;
  result.taps.whole = whole;
  result.taps.probes = probes;
  const Pass pass{.taps = &result.taps};
  if (look.model->detects)
    result.boxes = network.detection.detect({look.images, look.padding}, pass, nullptr).layers.back();
  else if (network.image.logits)
    result.logits = network.image.logits(look.images, pass);
  else
    network.image.embed(look.images, pass);
  return result;
}

// The values stay; what made them may go.
void forget_tape(ExplainedPass& pass) {
  const auto forget = [](Tensor& value) { value.set_grad_node(nullptr); };
  for (AttentionMap& map : pass.taps.maps)
    for (Tensor* value : {&map.value, &map.q, &map.k, &map.v, &map.places, &map.args.bias}) forget(*value);
  for (State& state : pass.taps.states) forget(state.value);
  for (Tensor* value : {&pass.logits, &pass.boxes.logits, &pass.boxes.boxes}) forget(*value);
}

// The query of another build of the network that answers with this query's box: rounding may reorder those
// of a two-stage detector.
int64_t same_query(const Tensor& wanted, const Tensor& boxes, int64_t query) {
  constexpr double kNear = 0.01;
  const auto distance = [&](int64_t other) {
    double sum = 0;
    for (int64_t i = 0; i < 4; ++i)
      sum += std::abs(double{boxes.data()[other * 4 + i]} - wanted.data()[query * 4 + i]);
    return sum;
  };
  if (distance(query) < kNear) return query;
  int64_t best = query;
  for (int64_t other = 0; other < boxes.dim(1); ++other)
    if (distance(other) < distance(best)) best = other;
  return best;
}

std::string range_of(int64_t count) {
  return count == 1 ? "only 0" : "0 to " + std::to_string(count - 1);
}

}  // namespace

std::shared_ptr<const ExplainedPass> LookState::pass(bool whole) const {
  const std::lock_guard lock(mutex);
  if (wide) return wide;
  std::shared_ptr<const ExplainedPass>& kept = whole ? wide : narrow;
  if (!kept) {
    kept = std::make_shared<const ExplainedPass>(run(*this, model->network, whole, false));
    model->look(kept->taps, layout);
  }
  return kept;
}

std::shared_ptr<const ExplainedPass> LookState::gradient_pass(const ScoreOf& score) const {
  const std::shared_ptr<const ExplainedPass> plain = model->detects ? pass(false) : nullptr;
  const std::lock_guard lock(mutex);
  if (latest && latest_score == score) return latest;
  latest.reset();
  auto made = std::make_shared<ExplainedPass>(run(*this, model->with_gradients(), true, true));
  Tensor logit;
  if (model->detects) {
    const int64_t found = objects[static_cast<size_t>(score.object)].detection.query;
    made->query = same_query(plain->boxes.boxes, made->boxes.boxes, found);
    logit = slice(slice(made->boxes.logits, 1, made->query, 1), 2, score.class_id, 1);
  } else {
    logit = slice(made->logits, 1, score.class_id, 1);
  }
  made->gradients = backward(reshape(logit, {1}));
  forget_tape(*made);
  latest = std::move(made);
  latest_score = score;
  return latest;
}

int64_t LookState::object_of(const MapRequest& request) const {
  if (!model->detects) fail("attend: a classifier finds no objects; ask for a class");
  if (objects.empty())
    fail("attend: the model found no object with a score above ", threshold, "; lower the threshold");
  const int64_t object = request.object.value_or(0);
  if (object < 0 || object >= std::ssize(objects))
    fail("attend: no object ", object, "; the model found ", objects.size(), ": ",
         range_of(std::ssize(objects)));
  return object;
}

ScoreOf LookState::score_of(const MapRequest& request) const {
  ScoreOf score;
  if (model->detects) {
    score.object = object_of(request);
    score.class_id = request.class_id.value_or(objects[static_cast<size_t>(score.object)].detection.class_id);
  } else {
    if (request.object) object_of(request);  // refused
    const Tensor logits = pass(false)->logits;
    score.class_id = request.class_id ? *request.class_id : best_classes(logits.values(), 1).front();
  }
  const int64_t nothing = model->detects && model->network.detection.scores == BoxScores::kSoftmax;
  const int64_t classes =
      model->detects ? pass(false)->boxes.logits.dim(2) - nothing : pass(false)->logits.dim(1);
  if (score.class_id < 0 || score.class_id >= classes)
    fail("attend: no class ", score.class_id, "; ", model->info.id, " has ", range_of(classes));
  return score;
}

std::string LookState::subject_of(const ScoreOf& score) const {
  const std::string label = model->class_name(score.class_id);
  if (score.object < 0) return "class '" + label + "'";
  return "object " + std::to_string(score.object) + ": " + label;
}

cv::Point2d LookState::centre_of(int64_t object) const {
  const Box& box = objects[static_cast<size_t>(object)].detection.box;
  return {(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2};
}

int64_t LookState::cell_at(cv::Point2d at, int rows, int columns) const {
  if (!(at.x >= 0 && at.y >= 0 && at.x < place.picture.width && at.y < place.picture.height))
    fail("attend: the point ", at.x, ",", at.y, " is outside the picture; x is 0 to ",
         place.picture.width - 1, " and y 0 to ", place.picture.height - 1);
  const cv::Rect2d seen = place.seen();
  if (at.x < seen.x || at.y < seen.y || at.x > seen.x + seen.width || at.y > seen.y + seen.height)
    fail("attend: the model does not see the point ", at.x, ",", at.y, "; of this picture it sees x ", seen.x,
         " to ", seen.x + seen.width, " and y ", seen.y, " to ", seen.y + seen.height);
  const cv::Point2d inside = place.to_frame(at);
  const auto cell = [](double place_in, int size, int cells) {
    return std::clamp(static_cast<int>(place_in / size * cells), 0, cells - 1);
  };
  return static_cast<int64_t>(cell(inside.y, place.frame.height, rows)) * columns +
         cell(inside.x, place.frame.width, columns);
}

int64_t LookState::token_at(cv::Point2d at) const {
  return cell_at(at, static_cast<int>(layout.rows), static_cast<int>(layout.columns));
}

Explainer::Look Explainer::look(const cv::Mat& rgb, float threshold) const {
  auto look = std::make_shared<LookState>();
  look->model = state_;
  look->threshold = threshold;
  if (detects()) {
    const FramedBatch frame = make_framed_batch(std::span(&rgb, 1), recipe());
    look->images = frame.images;
    look->padding = frame.padding;
  } else {
    look->images = make_batch(std::span(&rgb, 1), recipe());
  }
  const int64_t height = look->images.dim(1), width = look->images.dim(2);
  look->place = place_in_frame(rgb.size(), recipe(), {static_cast<int>(width), static_cast<int>(height)});
  look->layout = state_->network.layout(height, width);
  if (look->layout.height > 0)  // pixels beyond the last whole patch are not seen
    look->place.frame = {static_cast<int>(look->layout.width), static_cast<int>(look->layout.height)};
  if (!detects()) return Look(std::move(look));
  const Detections found =
      select_detections(look->pass(false)->boxes, 0, rgb.size(),
                        {.scores = state_->network.detection.scores, .threshold = threshold});
  for (const Detection& one : found) look->objects.push_back({one, state_->class_name(one.class_id)});
  return Look(std::move(look));
}

}  // namespace fovea
