#pragma once
#include "attention/nn/pass.h"
#include "attention/nn/weights.h"
#include "attention/ops/packed_filters.h"

namespace fovea {

// y = conv(x) + b, [B, H, W, in] -> [B, H', W', out]. Checkpoint names: weight [out, in / groups, kh, kw],
// bias.
class Conv2d {
 public:
  Conv2d(int64_t in, int64_t out, std::array<int64_t, 2> kernel, const Weights& w,
         const Convolution& how = {}, bool bias = true);
  Tensor operator()(const Tensor& x, const Tail& tail = {}) const {
    return packed_ ? packed_(x, bias_, tail) : convolution(x, weight_, bias_, how_, tail);
  }

 private:
  Convolution how_;
  Tensor weight_, bias_;
  PackedFilters packed_;
};

struct BatchNormConfig {
  float eps = 1e-5f, momentum = 0.1f;
};

// Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, over every axis but the last, then an activation. A
// pass with Pass::running uses the batch's own statistics, and hands them there (the variance unbiased, as
// torch keeps it); any other uses the running ones, as detectors do that keep the norms of their backbone
// frozen. Checkpoint names: weight, bias, running_mean, running_var.
class BatchNorm {
 public:
  BatchNorm(int64_t dim, const Weights& w, const BatchNormConfig& config = {});
  Tensor operator()(const Tensor& x, const Pass& pass, Activation activation = Activation::kNone) const;

 private:
  Tensor weight_, bias_, running_mean_, running_var_;
  BatchNormConfig config_;
};

// A convolution without bias, batch norm, and an activation: one convolution when built for inference.
// `kernel` odd gives a picture of the same size at stride 1, unless `how` says another padding.
class ConvNorm {
 public:
  ConvNorm(int64_t in, int64_t out, std::array<int64_t, 2> kernel, const Weights& conv, const Weights& norm,
           const Convolution& how, Activation activation, const BatchNormConfig& config = {});
  // activation(norm(conv(x)) + residual). A residual that nobody else holds gives its memory to the result.
  // In training, a share `drop_path` of the pictures has the residual alone (stochastic depth).
  Tensor operator()(const Tensor& x, const Pass& pass, Tensor residual = {}, float drop_path = 0) const;

  struct Chained {
    Tensor own, next;  // next: none where the two gain nothing by running together
  };
  // The same, and what the layer `next` makes of it, if the two can share the cache; see
  // ops/convolution_chain.h.
  Chained then(const ConvNorm& next, const Tensor& x, const Pass& pass, Tensor residual,
               float drop_path = 0) const;

 private:
  void note(const Pass& pass, const Tensor& x, const Tensor& y, const std::string& way, double began) const;

  std::string name_;
  Convolution how_;
  Activation activation_;
  BatchNormConfig config_;
  Tensor weight_, scale_, shift_, running_mean_, running_var_;  // in training
  PackedFilters packed_;                                        // for inference, with
  Tensor folded_bias_;
};

}  // namespace fovea
