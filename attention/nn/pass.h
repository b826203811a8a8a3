#pragma once
#include <string>
#include <vector>

#include "attention/ops/attention.h"
#include "attention/tensor/tensor.h"

namespace fovea {

class Rng;

struct NamedTensor {
  std::string name;  // the block's place in the model: "layers.3.attn"
  Tensor value;
};

// How a block weighed what it read. Weights between tokens are not worked out before somebody asks: of a
// whole model they are large, and its queries and keys are not.
struct AttentionMap {
  enum class Of {
    kTokens,     // [B, heads, Nq, Nk], each row a share of 1 or the block's own affinity
    kChannels,   // gates [B, 1, 1, C]
    kPositions,  // gates [B, 1, H, W]
    kPoints      // [B, heads, Nq, levels * points], at `places`
  };
  std::string name;  // the block's place in the model: "layers.3.attn"
  Of of = Of::kTokens;
  Tensor value = {};              // the weights themselves; or none, and what makes them:
  Tensor q = {}, k = {}, v = {};  // [B, Nq, C], [B, Nk, C], [B, Nk, Cv]
  AttentionArgs args = {};
  Tensor places = {};  // of kPoints: x and y [B, Nq, heads, levels, points, 2], 0 to 1 over a picture's frame
  Tensor probe = {};   // zeros [B, Nq, Cv] added to what the weights made of v; see Taps::probes

  Tensor weights() const;  // value, or made anew at each call
};

// The tokens or the map between two blocks.
struct State {
  std::string name;
  Tensor value;       // [B, N, C], or [B, H, W, C]
  Tensor probe = {};  // zeros that were added to it; see Taps::probes
};

// What a pass hands out on its way.
struct Taps {
  // To be set before the pass.
  bool probes = false;  // gradients are wanted: backward() then has them for every probe
  bool whole = true;    // also what no later block reads: the last layer's other tokens

  std::vector<AttentionMap> maps;  // in the order of the pass
  std::vector<State> states;
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

// Hand out a map or a state, if the pass has taps -> what the pass goes on with: what was weighed, or the
// state, and the probe if there is one.
Tensor tapped(const Pass& pass, AttentionMap map, const Tensor& weighed);
Tensor tapped(const Pass& pass, const std::string& state, const Tensor& value);

}  // namespace fovea
