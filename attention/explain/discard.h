#pragma once
#include <cstdint>
#include <vector>

#include "attention/explain/weighted_rows.h"

namespace fovea {

// Sets the floor(queries * keys * share) smallest weights of a layer to 0, for each picture; of equal ones
// the first. Which they are is found by a radix selection over the bits of the weights, which are worked out
// twice more for it and never kept.
class Discard {
 public:
  // keep_first: the first weight, of token 0 to itself, is counted but stays.
  Discard(const WeightedRows& layer, double share, bool keep_first);
  bool none() const { return count_ == 0; }
  void operator()(Tensor& rows);  // blocks of rows [pictures, n, keys], in their order

 private:
  struct Limit {
    uint32_t value = 0;  // all weights below this are left out,
    int64_t equal = 0;   // and so many of those that equal it
  };
  void apply(Limit& limit, float* weights, int64_t size) const;
  int64_t count_;
  bool keep_first_, begun_ = false;
  std::vector<Limit> limits_;  // of each picture
};

}  // namespace fovea
