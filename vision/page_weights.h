#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "vision/attention_page.h"

namespace fovea {

// All rows of weights that a page can show, over one grid. Of each layer the heads and, of several, their
// mean; of each of those a row per patch, and last the reader's, or the patches' mean without one.
struct PageWeights {
  int rows = 0, columns = 0;        // of the grid
  int pooled = 1;                   // patches along each side of a cell
  std::vector<int64_t> first = {};  // of each layer: its first row
  std::vector<float> values = {};   // [rows in all][rows * columns]
  int64_t cells() const { return int64_t{rows} * columns; }
  int64_t rows_in_all() const { return cells() ? static_cast<int64_t>(values.size()) / cells() : 0; }
};
PageWeights page_weights(const AttentionPage& page);

// Half as many cells each way, of means.
PageWeights coarser(const PageWeights& weights);

// One row of every `stride`: what a trial needs.
PageWeights sampled(const PageWeights& weights, int64_t stride);

// Each row's least and greatest value, to 12 bits, as bytes: all floats' first bytes, all second bytes, ...
// A code c means least + (greatest - least) * (c / levels)^2: small weights are told apart best.
struct PackedRows {
  std::vector<uint8_t> codes;  // one for each of values
  std::vector<uint8_t> ends;   // [4][rows in all][2]
};
PackedRows packed_rows(const PageWeights& weights, int levels);

}  // namespace fovea
