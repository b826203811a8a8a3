#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/explain/heads.h"

namespace fovea {

// One weight for each query and key of a map, worked out for some queries at a time.
struct WeightedRows {
  std::string name;
  int64_t pictures, queries, keys, width;                    // width: of the tokens; 0: unknown
  std::function<Tensor(int64_t begin, int64_t count)> rows;  // -> [pictures, count, keys]
};

// The same for those who go over the rows several times: worked out once, unless they take more memory than
// the layer's tokens.
WeightedRows held(const WeightedRows& layer);

// The heads of a map fused.
WeightedRows fused_rows(const AttentionMap& map, HeadFusion fusion);
// The heads of weights times gradients fused, negative results cut to 0.
WeightedRows fused_gradient_rows(const AttentionMap& map, const Gradients& gradients, HeadFusion fusion);
// The mean over heads of weights times gradients, negative products left out.
WeightedRows positive_gradient_rows(const AttentionMap& map, const Gradients& gradients);

// The gradient of the weights of queries [begin, begin + count) -> [B, heads, count, Nk].
Tensor gradient_rows(const AttentionMap& map, const Gradients& gradients, int64_t begin, int64_t count);

// What is carried from layer to layer: [pictures, tokens].
struct Carried {
  int64_t pictures, tokens;
  std::vector<double> values;

  Carried(int64_t of_pictures, int64_t of_tokens);
  double* row(int64_t picture) { return values.data() + picture * tokens; }
  const double* row(int64_t picture) const { return values.data() + picture * tokens; }
  Tensor tensor() const;
};

// A row to begin with: 1 at `token` of the queries of the last of `layers`, or its share of 1 at all if -1.
// Fails in the name of `op` if the layers do not follow one another.
Carried first_row(const char* op, std::span<const WeightedRows> layers, int64_t token);

// Calls body(first query, rows) on blocks of queries in their order, from the first to the last for which
// `wanted` holds a value.
void for_row_blocks(const WeightedRows& layer, const Carried& wanted,
                    const std::function<void(int64_t begin, const Tensor& rows)>& body);
void for_row_blocks(const WeightedRows& layer,
                    const std::function<void(int64_t begin, const Tensor& rows)>& body);

// sum += carried[begin + i] * rows[i], in the order of i: a piece of the product of a row and a matrix.
void add_rows(const Carried& carried, int64_t begin, const Tensor& rows, Carried& sum);
Carried row_times(const Carried& row, const WeightedRows& layer);        // -> [pictures, keys]
Carried times_column(const WeightedRows& layer, const Carried& column);  // -> [pictures, queries]

}  // namespace fovea
