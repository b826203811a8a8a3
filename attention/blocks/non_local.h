#pragma once
#include <optional>

#include "attention/nn/convolution_layers.h"
#include "attention/nn/layers.h"

namespace fovea {

// How alike two positions are: theta(x_i) . phi(x_j) under a softmax over j; the same of x itself; without
// the softmax, divided by the number of positions; or relu(w [theta(x_i), phi(x_j)]), divided likewise.
enum class Affinity { kEmbeddedGaussian, kGaussian, kDotProduct, kConcatenation };

struct NonLocalConfig {
  int64_t channels = 0;
  int64_t inner = 0;  // channels within; 0: half of them, at least 1
  Affinity affinity = Affinity::kEmbeddedGaussian;
  float scale = 1;          // of the scores before a softmax
  bool sub_sample = false;  // positions are compared with the maxima of 2 x 2 others
  bool norm = true;         // batch norm before the sum
};

// Non-local block, Wang et al. 2018, https://arxiv.org/abs/1711.07971.
// Adds to every position a mean of all others, weighted by how alike they are. Checkpoint names: theta, phi,
// g, out, norm, and project.weight [1, 2 inner]. Taps hand out the affinities, [B, 1, N, M].
class NonLocal {
 public:
  NonLocal(const NonLocalConfig& config, const Weights& w);
  // [B, H, W, C] -> the same. A film is [B, T, H, W, C]: its positions are those of all frames, and pooling
  // is within a frame.
  Tensor operator()(const Tensor& x, const Pass& pass) const;

 private:
  Tensor sampled(const Tensor& x) const;
  Tensor weighted_mean(const Tensor& q, const Tensor& k, const Tensor& v, const Pass& pass) const;

  std::string name_;
  NonLocalConfig config_;
  std::optional<Linear> theta_, phi_;
  Linear g_, out_;
  Tensor project_;
  std::optional<BatchNorm> norm_;
};

}  // namespace fovea
