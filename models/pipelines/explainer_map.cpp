#include <algorithm>

#include "attention/base/error.h"
#include "models/pipelines/class_scores.h"
#include "models/pipelines/explainer_state.h"

namespace fovea {
namespace {

template <class Wanted>
std::string names_of(const Survey& survey, const Wanted& wanted) {
  std::string text;
  for (const MapKind kind : survey.kinds)
    if (wanted(kind)) text += (text.empty() ? "" : ", ") + std::string(name_of(kind));
  return text.empty() ? "none" : text;
}

// A kind that the model has, asked for what such a kind takes.
void check(const MapRequest& request, const ExplainerState& model) {
  const Survey& survey = model.survey();
  const MapKind kind = request.kind;
  const std::string name = name_of(kind);
  const auto any = [](MapKind) { return true; };
  const auto in = [](const std::map<MapKind, int>& known) {
    return [&known](MapKind one) { return known.contains(one); };
  };
  if (!survey.has(kind))
    fail("attend: ", model.info.id, " has no map of kind ", name, "; it has: ", names_of(survey, any));
  if (request.layer && !survey.layers.contains(kind))
    fail("attend: ", name, " takes no layer; those that do: ", names_of(survey, in(survey.layers)));
  if (request.head && !survey.heads.contains(kind))
    fail("attend: ", name, " takes no head; those that do: ", names_of(survey, in(survey.heads)));
  if (request.at && !takes_point(kind))
    fail("attend: ", name, " takes no point; those that do: ", names_of(survey, takes_point));
  if (!request.at && needs_point(kind)) fail("attend: ", name, " is of a point; give one in the picture");
  if (!(request.discard >= 0 && request.discard < 1))
    fail("attend: the share to discard is ", request.discard, "; give 0 or more, below 1");
}

// -> from 0.
int index_of(const char* what, int asked, int count, const std::string& kind) {
  if (asked < -count || asked >= count)
    fail("attend: no ", what, " ", asked, "; ", kind, " has ", count, ": 0 to ", count - 1, ", or -", count,
         " to -1 from the last");
  return asked < 0 ? asked + count : asked;
}

}  // namespace

ChosenMap chosen_map(const MapRequest& request, std::vector<AttentionMap> maps) {
  const std::string kind = name_of(request.kind);
  ChosenMap chosen;
  chosen.layer = index_of("layer", request.layer.value_or(-1), static_cast<int>(maps.size()), kind);
  chosen.map = std::move(maps[static_cast<size_t>(chosen.layer)]);
  const int heads = chosen.map.value ? static_cast<int>(chosen.map.value.dim(1)) : chosen.map.args.heads;
  if (request.head) chosen.head = index_of("head", *request.head, heads, kind + " in " + chosen.map.name);
  return chosen;
}

cv::Mat grid_of(const float* values, int64_t rows, int64_t columns) {
  cv::Mat grid(static_cast<int>(rows), static_cast<int>(columns), CV_32FC1);
  std::copy_n(values, rows * columns, grid.ptr<float>());
  return grid;
}

std::string patch_name(cv::Point2d at) {
  const auto whole = [](double v) { return std::to_string(static_cast<int64_t>(v)); };
  return "the patch at " + whole(at.x) + ", " + whole(at.y);
}

cv::Size Explainer::Look::input() const {
  return {static_cast<int>(state_->images.dim(2)), static_cast<int>(state_->images.dim(1))};
}

const FramePlace& Explainer::Look::place() const {
  return state_->place;
}

const std::vector<FoundObject>& Explainer::Look::objects() const {
  return state_->objects;
}

std::vector<ScoredClass> Explainer::Look::classes(int k) const {
  const ExplainerState& model = *state_->model;
  const Tensor logits = state_->pass(false)->logits;
  if (!logits) return {};
  const std::vector<double> scores = class_scores(logits.values(), model.info.multi_label);
  std::vector<ScoredClass> best;
  for (const int64_t id : best_classes(logits.values(), k))
    best.push_back({id, model.class_name(id), static_cast<float>(scores[static_cast<size_t>(id)])});
  return best;
}

ExplainedMap Explainer::Look::map(const MapRequest& request) const {
  check(request, *state_->model);
  switch (request.kind) {
    case MapKind::kRaw:
    case MapKind::kRollout:
    case MapKind::kGradientRollout:
    case MapKind::kGradient:
    case MapKind::kEncoderSelf:
      return self_attention_map(*state_, request);
    case MapKind::kRelevance:
      return state_->model->survey().has(MapKind::kCross) ? decoder_map(*state_, request)
                                                          : self_attention_map(*state_, request);
    case MapKind::kCross:
    case MapKind::kPoints:
      return decoder_map(*state_, request);
    case MapKind::kChannels:
    case MapKind::kPositions:
    case MapKind::kAffinity:
      return block_map(*state_, request);
    default:
      return activation_map(*state_, request);
  }
}

}  // namespace fovea
