#include "attention/explain/relevance.h"

#include "attention/base/error.h"
#include "attention/explain/relevance_rules.h"
#include "attention/explain/weighted_rows.h"
#include "attention/ops/pointwise.h"

namespace fovea {
namespace {

using Layers = std::vector<WeightedRows>;

Layers weighted(std::span<const AttentionMap> maps, const Gradients& gradients) {
  Layers layers;
  for (const AttentionMap& map : maps) layers.push_back(positive_gradient_rows(map, gradients));
  return layers;
}

void add(Carried& sum, const Carried& term) {
  for (size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += term.values[i];
}

Carried plus(Carried a, const Carried& b) {
  add(a, b);
  return a;
}

void check(const Layers& encoder, const Layers& self, const Layers& cross, int64_t query) {
  if (cross.empty() || self.size() != cross.size())
    fail("relevance: ", self.size(), " layers of the decoder's self-attention and ", cross.size(),
         " of its cross-attention");
  const WeightedRows& last = cross.back();
  const auto expect = [&](const WeightedRows& layer, int64_t queries, int64_t keys) {
    if (layer.pictures != last.pictures || layer.queries != queries || layer.keys != keys)
      fail("relevance: ", layer.name, " weighs ", layer.keys, " by ", layer.queries, " of ", layer.pictures,
           " pictures, not ", keys, " by ", queries, " of ", last.pictures);
  };
  for (const WeightedRows& layer : encoder) expect(layer, last.keys, last.keys);
  for (const WeightedRows& layer : self) expect(layer, last.queries, last.queries);
  for (const WeightedRows& layer : cross) expect(layer, last.queries, last.keys);
  if (query < 0 || query >= last.queries) fail("relevance: query ", query, " of the ", last.queries);
}

// The normalised relevance of the decoder's queries to each other after each layer, of one picture.
std::vector<Tensor> query_relevance(const std::vector<Tensor>& self, int64_t picture) {
  std::vector<Tensor> normalised;
  Tensor excess;  // R - I, since R would round it
  for (const Tensor& of_pictures : self) {
    const int64_t n = of_pictures.dim(1);
    const auto size = static_cast<size_t>(n * n);
    const Tensor weights(Shape{n, n},
                         of_pictures.values().subspan(static_cast<size_t>(picture) * size, size));
    excess = excess ? self_rule(excess, weights) + weights : weights;
    normalised.push_back(normalised_excess(excess));
  }
  return normalised;
}

// A row times the transposed normalised relevance of a layer.
Carried spread(const Carried& row, const std::vector<std::vector<Tensor>>& of_pictures, size_t layer) {
  Carried y(row.pictures, row.tokens);
  for (int64_t b = 0; b < row.pictures; ++b) {
    const float* const matrix = of_pictures[static_cast<size_t>(b)][layer].data();
    for (int64_t i = 0; i < row.tokens; ++i)
      for (int64_t j = 0; j < row.tokens; ++j) y.row(b)[i] += row.row(b)[j] * matrix[i * row.tokens + j];
  }
  return y;
}

// What the decoder reads from the encoder's output for one query: the row of R_qi without the encoder's R_ii.
Carried decoder_row(const EncoderDecoderMaps& maps, const Gradients& gradients, const Layers& cross,
                    int64_t query) {
  std::vector<Tensor> self;
  for (const AttentionMap& map : maps.decoder_self) self.push_back(gradient_weighted(map, gradients));
  std::vector<std::vector<Tensor>> relevances;
  for (int64_t b = 0; b < cross[0].pictures; ++b) relevances.push_back(query_relevance(self, b));
  const int64_t queries = cross[0].queries;
  Carried row(cross[0].pictures, queries), read(cross[0].pictures, cross[0].keys);
  for (int64_t b = 0; b < row.pictures; ++b) row.row(b)[query] = 1;
  for (size_t i = cross.size(); i-- > 0;) {
    add(read, row_times(spread(row, relevances, i), cross[i]));
    Carried more(row.pictures, queries);
    add_rows(row, 0, self[i], more);
    add(row, more);
  }
  return read;
}

// A row times the encoder's normalised relevance. With R - I of all layers, of which neither a sum nor a row
// needs the others: its rows' sums d grow by A (1 + d), and a row x of it is what is added to x on its way.
Carried through_encoder(const Layers& encoder, const Carried& row) {
  Carried sums(row.pictures, row.tokens), ones = sums, shares = sums, added = sums;
  for (double& one : ones.values) one = 1;
  for (const WeightedRows& layer : encoder) add(sums, times_column(layer, plus(ones, sums)));
  for (size_t i = 0; i < shares.values.size(); ++i)
    shares.values[i] = sums.values[i] == 0 ? 0 : row.values[i] / sums.values[i];
  for (size_t i = encoder.size(); i-- > 0;) add(added, row_times(plus(shares, added), encoder[i]));
  return plus(row, added);
}

}  // namespace

Tensor relevance(std::span<const AttentionMap> maps, const Gradients& gradients, int64_t token) {
  const Layers layers = weighted(maps, gradients);
  Carried row = first_row("relevance", layers, token);
  for (size_t i = layers.size(); i-- > 0;) add(row, row_times(row, layers[i]));
  return row.tensor();
}

Tensor relevance(const EncoderDecoderMaps& maps, const Gradients& gradients, int64_t query) {
  const Layers encoder = weighted(maps.encoder, gradients), cross = weighted(maps.decoder_cross, gradients);
  check(encoder, weighted(maps.decoder_self, gradients), cross, query);
  return through_encoder(encoder, decoder_row(maps, gradients, cross, query)).tensor();
}

}  // namespace fovea
