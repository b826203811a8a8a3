#pragma once
#include "attention/tensor/tensor.h"

namespace fovea {

// Momentum contrast, He et al. 2019, https://arxiv.org/abs/1911.05722. Cross-entropy with label 0 for every
// row is the loss.

// How like each query is its own key, then all others, over the temperature: [B, D], [B, D], [K, D] -> [B, 1
// + K]. The rows should be of length 1: see l2_normalise.
Tensor contrastive_logits(const Tensor& queries, const Tensor& keys, const Tensor& others, float temperature);

// The keys of earlier batches, the newest over the oldest.
class KeyQueue {
 public:
  explicit KeyQueue(Tensor keys, int64_t next = 0);  // [K, D]
  void push(const Tensor& keys);                     // [B, D], where B divides K
  const Tensor& keys() const { return keys_; }       // push() makes another tensor of them
  int64_t next() const { return next_; }             // the row that the next key goes to

 private:
  Tensor keys_;
  int64_t next_;
};

}  // namespace fovea
