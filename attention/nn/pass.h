#pragma once
#include <string>
#include <vector>

#include "attention/tensor/tensor.h"

namespace fovea {

class Rng;

struct NamedTensor {
  std::string name;  // the block's place in the model: "layers.3.attn"
  Tensor value;
};

// What a pass hands out on its way: attention maps, and the tokens between blocks.
struct Taps {
  std::vector<NamedTensor> maps;    // [B, heads, Nq, Nk] between tokens
  std::vector<NamedTensor> states;  // [B, N, C], or [B, H, W, C]
};

// A running average that a training pass wants to move towards what its batch showed.
struct RunningUpdate {
  Tensor running;  // shares its values with the layer's buffer
  Tensor batch;    // of the same shape
  float momentum;  // running += momentum * (batch - running)
};
using RunningUpdates = std::vector<RunningUpdate>;
void apply(const RunningUpdates& updates);  // after the step, so that forward stays const

// How one convolution of a pass ran.
struct ConvolutionRecord {
  std::string name;  // its place in the model: "stages.0.blocks.1.conv2"
  Shape input, weight, output;
  std::string way;  // the algorithm, which follows from the shapes: "winograd 4x4", "product", "direct", ...
  double milliseconds = 0;
};

// What one forward pass carries beside its data. Owned by the caller, one per pass.
struct Pass {
  Taps* taps = nullptr;               // set: blocks hand their attention maps and tokens here
  Rng* training = nullptr;            // set: this pass trains; dropout draws from it
  RunningUpdates* running = nullptr;  // set: batch norm uses its batch's statistics, and hands them here
  // Set: convolutions built for inference tell how they ran.
  std::vector<ConvolutionRecord>* convolutions = nullptr;
};

}  // namespace fovea
