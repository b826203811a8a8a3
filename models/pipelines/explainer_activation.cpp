#include <algorithm>

#include "attention/base/error.h"
#include "attention/ops/reorder.h"
#include "models/pipelines/explainer_state.h"

namespace fovea {
namespace {

struct Target {
  std::string name;
  Tensor values, gradients;  // [1, rows, columns, C]
};

// The grid's part of tokens [1, N, C].
Tensor grid_part(const Tensor& tokens, const TokenLayout& layout) {
  const Tensor part = slice(tokens.view(tokens.shape()), 1, layout.before, layout.rows * layout.columns);
  return part.view({1, layout.rows, layout.columns, tokens.dim(2)});
}

bool any(const Tensor& gradients) {
  return std::ranges::any_of(gradients.values(), [](float value) { return value != 0; });
}

// The last map; or of a model that has none, the last tokens of the grid that the score depends on: where a
// class token is read, those are what the last layer reads.
Target target_of(const ExplainedPass& pass, const TokenLayout& layout) {
  const std::vector<State>& states = pass.taps.states;
  const auto map = std::find_if(states.rbegin(), states.rend(),
                                [](const State& s) { return s.value.shape().rank() == 4; });
  if (map != states.rend()) return {map->name, map->value, pass.gradients[map->probe]};
  for (auto state = states.rbegin(); state != states.rend(); ++state) {
    const int64_t tokens = layout.before + layout.rows * layout.columns + layout.after;
    if (state->value.dim(1) != tokens || !pass.gradients.has(state->probe)) continue;
    const Tensor gradients = grid_part(pass.gradients[state->probe], layout);
    if (any(gradients)) return {state->name, grid_part(state->value, layout), gradients};
  }
  fail("attend: the score depends on no map of features");
}

}  // namespace

ExplainedMap activation_map(const LookState& look, const MapRequest& request) {
  const ScoreOf score = look.score_of(request);
  const auto pass = look.gradient_pass(score);
  const Target target = target_of(*pass, look.layout);
  const Tensor map = class_activation(*class_activation_of(request.kind), target.values, target.gradients);
  ExplainedMap made{.kind = request.kind, .of = target.name, .subject = look.subject_of(score)};
  if (!explains_score(request.kind) && score.object < 0) made.subject = "the picture";
  made.values = grid_of(map.data(), map.dim(1), map.dim(2));
  if (score.object >= 0) made.query = look.centre_of(score.object);
  return made;
}

}  // namespace fovea
