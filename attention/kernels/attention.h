#pragma once
#include <cstdint>

namespace fovea::kernels {

// softmax(q k^T scale + bias) v of one head of one image. Rows are tokens, strides in floats, so that a head
// may be a range of columns of a wider tensor.
struct AttentionHead {
  int64_t queries, keys, dim, value_dim;
  float scale;
  const float* q;  // [queries, dim]
  int64_t q_stride;
  const float* k;  // [keys, dim]
  int64_t k_stride;
  const float* v;  // [keys, value_dim]; null when only the weights are wanted
  int64_t v_stride;
  const float* key_mask = nullptr;  // [keys], not 0 where a key is not to be seen
  const float* bias = nullptr;      // [queries, keys], added before the softmax; -inf hides a key
  int64_t bias_stride = 0;
};

// k and v as the products want them, made once for all queries: `keys_values` holds packed_size(head) floats.
int64_t packed_size(const AttentionHead& head);
void pack_keys_values(const AttentionHead& head, float* keys_values);

// How many queries a call takes at best: their scores fit in half the L2 cache.
int64_t query_block(const AttentionHead& head);
int64_t scratch_size(const AttentionHead& head, int64_t queries);  // floats

// Queries [begin, end) of the head -> out [queries, value_dim], row 0 being query 0. The keys x queries
// weights exist for these queries only, in scratch. A query that sees no key gets the mean of all values.
void attend(const AttentionHead& head, const float* keys_values, int64_t begin, int64_t end, float* out,
            int64_t out_stride, float* scratch);

// The softmax itself: queries [begin, end) -> weights [queries, keys].
void attend_weights(const AttentionHead& head, const float* keys_values, int64_t begin, int64_t end,
                    float* weights, int64_t weights_stride, float* scratch);

}  // namespace fovea::kernels
