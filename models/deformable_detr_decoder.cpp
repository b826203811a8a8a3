#include <algorithm>

#include "attention/base/error.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/pool.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"
#include "attention/ops/top_k.h"
#include "models/deformable_detr.h"

namespace fovea {
namespace {

// The same values, of which no gradient goes further.
Tensor detached(const Tensor& x) {
  return x.view(x.shape());
}

// Some rows of [B, N, n], whose places `rows` [B * k] tells, as constants -> [B, k, n].
Tensor rows_of(const Tensor& x, const std::vector<int64_t>& rows) {
  const int64_t B = x.dim(0), N = x.dim(1), n = x.dim(2), k = static_cast<int64_t>(rows.size()) / B;
  Tensor picked(Shape{B, k, n});
  for (int64_t i = 0; i < B * k; ++i)
    std::copy_n(x.data() + (i / k * N + rows[static_cast<size_t>(i)]) * n, n, picked.mutable_data() + i * n);
  return picked;
}

// The k tokens of each picture whose first class has the largest logits.
std::vector<int64_t> best_tokens(const Tensor& logits, int64_t k) {
  const int64_t B = logits.dim(0), S = logits.dim(1), classes = logits.dim(2);
  if (k > S)
    fail("deformable_detr: ", k, " queries begin at tokens, and the pictures have ", S, "; use larger ones");
  Tensor first(Shape{B, S});
  for (int64_t i = 0; i < B * S; ++i) first.mutable_data()[i] = logits.data()[i * classes];
  return top_k(first, k).indices;
}

// `correction` [B, N, 4] of points or boxes -> boxes.
Tensor corrected(const Tensor& correction, const Tensor& reference) {
  const Tensor logits = inverse_sigmoid(reference);
  return sigmoid(correction + (logits.dim(2) == 2 ? pad(logits, -1, 0, 2, Border::kConstant) : logits));
}

BoxPredictions part_of(const BoxPredictions& all, int64_t begin, int64_t count) {
  if (count == all.boxes.dim(1)) return all;
  return {slice(all.logits, 1, begin, count), slice(all.boxes, 1, begin, count)};
}

}  // namespace

DeformableDetr::Queries DeformableDetr::learned_queries(int64_t batch) const {
  const int64_t dim = config_.dim();
  const Tensor position = slice(queries_, 1, 0, dim);
  return {.content = repeat(slice(queries_, 1, dim, dim), batch),
          .position = repeat(position, batch),
          .reference = repeat(sigmoid((*reference_)(position)), batch),
          .groups = {.own = config_.queries}};
}

// The boxes of the best tokens, [B, queries, 4].
Tensor DeformableDetr::propose(const Frame& frame, DetectorOutput& output, Trace* trace) const {
  const CellBoxes cells = cell_boxes(frame.grid);
  Tensor x = frame.memory.tokens;
  const Shape shape = x.shape();
  if (cells.valid)
    x = reshape(scale_positions(reshape(x, {shape[0], shape[1], 1, shape[2]}), cells.valid), shape);
  x = (*tokens_norm_)((*tokens_)(x));
  const Tensor logits = class_heads_.back()(x);
  const std::vector<int64_t> best = best_tokens(logits, config_.queries);
  if (!answers_all_ && !trace)
    return sigmoid(box_heads_.back()(rows_of(x, best)) + rows_of(cells.logits, best));
  const Tensor coordinates = box_heads_.back()(x) + cells.logits;
  output.tokens = BoxPredictions{logits, sigmoid(coordinates)};
  if (trace) {
    trace->token_logits = logits;
    trace->token_coordinates = coordinates;
  }
  return rows_of(output.tokens->boxes, best);
}

DeformableDetr::Queries DeformableDetr::proposed_queries(const Tensor& boxes,
                                                         const DenoisingQueries* denoising) const {
  const int64_t dim = config_.dim();
  Queries queries{.content = {}, .position = {}, .reference = boxes, .groups = {.own = boxes.dim(1)}};
  if (denoising && denoising->boxes && denoising->boxes.dim(1) > 0) {
    const Shape& more = denoising->boxes.shape();
    if (more.rank() != 3 || more != Shape{boxes.dim(0), more[1], 4} || denoising->group < 1 ||
        more[1] % denoising->group)
      fail("deformable_detr: denoising queries ", more, " in groups of ", denoising->group, " for ",
           boxes.dim(0), " pictures");
    queries.reference = concat(boxes, detached(denoising->boxes), 1);
    queries.groups.group = denoising->group;
  }
  const Tensor embedded = (*pos_trans_norm_)((*pos_trans_)(sine_of_coordinates(queries.reference, dim / 2)));
  queries.position = slice(embedded, 2, 0, dim);
  queries.content = slice(embedded, 2, dim, dim);
  return queries;
}

void DeformableDetr::decode(const Frame& frame, Queries queries, const Pass& pass, DetectorOutput& output,
                            Trace* trace) const {
  Tensor x = queries.content, reference = queries.reference;
  const auto keep = [&] {
    if (!trace) return;
    trace->decoder_states.push_back(x);
    trace->references.push_back(reference);
  };
  keep();
  Tensor places = on_each_map(reference, frame.grid);
  for (size_t i = 0; i < decoder_.size(); ++i) {
    const bool answers = answers_all_ || i + 1 == decoder_.size();
    x = decoder_[i](x, queries.position, places, queries.groups, frame.memory, pass);
    BoxPredictions found;
    if (answers || config_.refine) found.boxes = corrected(box_heads_[head_of(i)](x), reference);
    if (answers) {
      found.logits = class_heads_[head_of(i)](x);
      const int64_t own = queries.groups.own, more = x.dim(1) - own;
      output.layers.push_back(part_of(found, 0, own));
      if (more > 0) output.denoised.push_back(part_of(found, own, more));
    }
    if (config_.refine) {
      reference = detached(found.boxes);
      if (i + 1 < decoder_.size()) places = on_each_map(reference, frame.grid);
    }
    keep();
  }
}

}  // namespace fovea
