#pragma once
#include <span>

#include "attention/tensor/tensor.h"

namespace fovea {

// One direction of one layer, as torch lays it out: a row of weights for each value of each gate. The gates
// are the LSTM's input, forget, cell and output; the GRU's reset, update and new.
struct RecurrentWeights {
  Tensor input, hidden;                      // [gates * H, in], [gates * H, H]
  Tensor input_bias = {}, hidden_bias = {};  // [gates * H], or none
};

// Hidden states, and an LSTM's cells, [layers * directions, B, H]; none: zeros.
struct RecurrentState {
  Tensor hidden = {}, cell = {};
};

struct Recurrence {
  Tensor sequence;       // [B, T, directions * H], the last layer's hidden states
  RecurrentState state;  // after the last step
};

// Over x [B, T, in]. `weights` are layer by layer; with two directions, forward and backward in turn, a layer
// reads both of the one below. Differentiable.
// Hochreiter & Schmidhuber 1997, with forget gates.
Recurrence lstm(const Tensor& x, std::span<const RecurrentWeights> weights, bool bidirectional = false,
                const RecurrentState& start = {});
// Cho et al. 2014, https://arxiv.org/abs/1406.1078, the reset gate after the product, as in cuDNN.
Recurrence gru(const Tensor& x, std::span<const RecurrentWeights> weights, bool bidirectional = false,
               const RecurrentState& start = {});

}  // namespace fovea
