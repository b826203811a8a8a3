#pragma once
#include <span>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/nn/pass.h"

namespace fovea {

// The gradient of the weights of a map, [B, heads, Nq, Nk], from that of its probe: what reached the weighed
// values, times the values.
Tensor weight_gradients(const AttentionMap& map, const Gradients& gradients);
// The mean over heads of weights times gradients, negative products left out: [B, Nq, Nk].
Tensor gradient_weighted(const AttentionMap& map, const Gradients& gradients);

// Chefer et al. 2021, "Generic attention-model explainability", https://arxiv.org/abs/2103.15679, equations 5
// and 6: relevance of each token of the first layer's input to one token of the last layer's output. A row is
// carried, as in rollout(). `token` -1: the mean over all. -> [B, N].
Tensor relevance(std::span<const AttentionMap> maps, const Gradients& gradients, int64_t token);

// The maps of an encoder and a decoder, each in the order of its layers.
struct EncoderDecoderMaps {
  std::vector<AttentionMap> encoder, decoder_self, decoder_cross;
};
// The same paper, equations 7 to 11: relevance of each token of the encoder's input to one query of the
// decoder. -> [B, tokens].
Tensor relevance(const EncoderDecoderMaps& maps, const Gradients& gradients, int64_t query);

// The steps of the last, on whole matrices for one picture, for those who combine them otherwise.
Tensor self_rule(const Tensor& relevance, const Tensor& weighted);   // R + A R, [N, M] and [N, N]
Tensor normalised_self(const Tensor& relevance);                     // eq. 8, 9: [N, N]; 0 / 0 is 0
Tensor cross_rule(const Tensor& query_self, const Tensor& key_self,  // eq. 10: what is added to R_qk, of
                  const Tensor& weighted);  // R_qq [Q, Q], R_kk [N, N], not yet normalised, [Q, N] -> [Q, N]

}  // namespace fovea
