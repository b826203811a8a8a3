#pragma once
#include <array>
#include <vector>

#include "attention/nn/convolution_layers.h"
#include "attention/nn/layers.h"

namespace fovea {

struct DetrMasksConfig {
  int64_t dim = 256;
  int heads = 8;
  std::array<int64_t, 3> widths{1024, 512, 256};  // of the backbone's finer maps, coarse ones first
};

// What the masks are drawn from, of one picture.
struct DetrMaskSource {
  Tensor projected, memory;    // [H, W, dim] before the encoder, [1, H * W, dim] after it
  Tensor padding;              // [H * W], not 0 where there is no picture; none: there is none
  std::array<Tensor, 3> maps;  // [1, h, w, width], as DetrMasksConfig::widths
};

// A mask for each query, Carion et al. 2020, section 4.4: where it looks, and the backbone's finer maps.
// Checkpoint names: q, k, conv<1..5>, norm<1..5>, adapter<1..3>, out.
class DetrMasks {
 public:
  DetrMasks(const DetrMasksConfig& config, const Weights& w);
  Tensor operator()(const Tensor& queries,
                    const DetrMaskSource& source) const;  // [1, Q, dim] -> [1, Q, h, w]

 private:
  struct Step {
    Conv2d conv;
    Tensor weight, bias;  // of a group norm
    int64_t groups;
  };
  static Step step(const Weights& w, int index, int64_t in, int64_t out, int64_t groups);
  Tensor attention(const Tensor& queries, const DetrMaskSource& source) const;

  DetrMasksConfig config_;
  Linear q_, k_;
  std::vector<Step> steps_;
  std::vector<Conv2d> adapters_;
  Conv2d out_;
};

}  // namespace fovea
