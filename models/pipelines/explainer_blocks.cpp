#include <algorithm>

#include "attention/base/error.h"
#include "attention/ops/reorder.h"
#include "models/pipelines/explainer_state.h"

namespace fovea {
namespace {

struct Grid {
  int rows = 0, columns = 0;
  int64_t cells() const { return static_cast<int64_t>(rows) * columns; }
};

// The map that a block of so many positions worked on, which it hands on in the same size.
Grid grid_of_positions(const ExplainedPass& pass, const AttentionMap& map) {
  const int64_t positions = map.value ? map.value.dim(2) : map.q.dim(1);
  for (const State& state : pass.taps.states) {
    const Shape& shape = state.value.shape();
    if (shape.rank() == 4 && shape[1] * shape[2] == positions)
      return {static_cast<int>(shape[1]), static_cast<int>(shape[2])};
  }
  fail("attend: ", map.name, " weighs ", positions, " positions, which no map of the model has");
}

// Of the keys, which may be pooled two by two.
Grid grid_of_keys(const Grid& queries, const AttentionMap& map) {
  const int64_t keys = map.value ? map.value.dim(3) : map.k.dim(1);
  if (keys == queries.cells()) return queries;
  const Grid half{std::max(queries.rows / 2, 1), std::max(queries.columns / 2, 1)};
  if (keys != half.cells())
    fail("attend: ", map.name, " has ", keys, " keys for a map of ", queries.rows, " x ", queries.columns);
  return half;
}

}  // namespace

ExplainedMap block_map(const LookState& look, const MapRequest& request) {
  const auto pass = look.pass(false);
  const ChosenMap chosen = chosen_map(request, maps_for(request.kind, pass->taps.maps, look.layout));
  const AttentionMap& map = chosen.map;
  ExplainedMap made{.kind = request.kind,
                    .of = map.name,
                    .layer = chosen.layer,
                    .head = chosen.head,
                    .subject = "the picture"};
  if (request.kind != MapKind::kAffinity) {
    made.values = grid_of(map.value.data(), map.value.dim(2), map.value.dim(3));
    return made;
  }
  const Grid queries = grid_of_positions(*pass, map), keys = grid_of_keys(queries, map);
  const Tensor rows = weight_rows(map, look.cell_at(*request.at, queries.rows, queries.columns), 1);
  const Tensor row = fused(chosen.head ? slice(rows, 1, *chosen.head, 1) : rows, request.fusion);
  made.values = grid_of(row.data(), keys.rows, keys.columns);
  made.subject = patch_name(*request.at);
  made.query = request.at;
  return made;
}

}  // namespace fovea
