#include "attention/nn/convolution_layers.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "attention/base/error.h"
#include "attention/nn/dropout.h"
#include "attention/ops/convolution_chain.h"
#include "attention/ops/norm.h"
#include "attention/ops/pointwise.h"

namespace fovea {
namespace {

Tensor filters(int64_t in, int64_t out, const std::array<int64_t, 2>& kernel, const Weights& w,
               const Convolution& how) {
  if (how.groups < 1 || in % how.groups != 0 || out % how.groups != 0)
    fail("convolution: ", how.groups, " groups for ", in, " -> ", out, " channels");
  return w.get("weight", {out, in / how.groups, kernel[0], kernel[1]}, Init::kHe);
}

// Divided by n - 1, as torch keeps it.
Tensor unbiased(const Tensor& variance, int64_t n) {
  Tensor all = variance.clone();
  const double factor = static_cast<double>(n) / static_cast<double>(std::max<int64_t>(n - 1, 1));
  for (int64_t i = 0; i < all.count(); ++i)
    all.mutable_data()[i] = static_cast<float>(factor * variance.data()[i]);
  return all;
}

// What batch norm keeps for each channel.
struct Kept {
  const Tensor &weight, &bias, &running_mean, &running_var;
};

// A norm that is frozen stays what it is when the model is used, as Keras freezes one. (torch's goes on by
// its batch: it would then learn for statistics that it is not used with.)
Tensor normalise(const Tensor& x, const Kept& kept, const BatchNormConfig& config, const Pass& pass,
                 Activation activation) {
  const bool frozen = !kept.weight.grad_node();
  if (!pass.running || frozen)
    return batch_norm(x, kept.weight, kept.bias, Moments{kept.running_mean, kept.running_var}, config.eps,
                      activation);
  const int64_t n = x.count() / kept.weight.count();
  if (n == 1)
    fail(
        "batch norm: one value a channel has no variance; train with more pictures in a batch, or with "
        "larger ones");
  Moments moments;
  Tensor y = batch_norm(x, kept.weight, kept.bias, config.eps, activation, moments);
  pass.running->push_back({kept.running_mean, moments.mean, config.momentum});
  pass.running->push_back({kept.running_var, unbiased(moments.variance, n), config.momentum});
  return y;
}

double now() {  // milliseconds
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Convolution of_same_size(Convolution how, const std::array<int64_t, 2>& kernel) {
  if (how.padding == std::array<int64_t, 2>{0, 0})
    for (size_t i = 0; i < 2; ++i) how.padding[i] = how.dilation[i] * (kernel[i] - 1) / 2;
  return how;
}

}  // namespace

Conv2d::Conv2d(int64_t in, int64_t out, std::array<int64_t, 2> kernel, const Weights& w,
               const Convolution& how, bool bias)
    : how_(how), weight_(filters(in, out, kernel, w, how)) {
  if (bias) bias_ = w.get("bias", {out}, Init::kZeros);
  if (!w.packs()) return;
  packed_ = PackedFilters(weight_, how);
  weight_ = {};
}

BatchNorm::BatchNorm(int64_t dim, const Weights& w, const BatchNormConfig& config)
    : weight_(w.get("weight", {dim}, Init::kOnes)),
      bias_(w.get("bias", {dim}, Init::kZeros)),
      running_mean_(w.buffer("running_mean", {dim}, Init::kZeros)),
      running_var_(w.buffer("running_var", {dim}, Init::kOnes)),
      config_(config) {}

Tensor BatchNorm::operator()(const Tensor& x, const Pass& pass, Activation activation) const {
  return normalise(x, {weight_, bias_, running_mean_, running_var_}, config_, pass, activation);
}

ConvNorm::ConvNorm(int64_t in, int64_t out, std::array<int64_t, 2> kernel, const Weights& conv,
                   const Weights& norm, const Convolution& how, Activation activation,
                   const BatchNormConfig& config)
    : name_(conv.path()),
      how_(of_same_size(how, kernel)),
      activation_(activation),
      config_(config),
      weight_(filters(in, out, kernel, conv, how)),
      scale_(norm.get("weight", {out}, Init::kOnes)),
      shift_(norm.get("bias", {out}, Init::kZeros)),
      running_mean_(norm.buffer("running_mean", {out}, Init::kZeros)),
      running_var_(norm.buffer("running_var", {out}, Init::kOnes)) {
  if (!conv.packs()) return;
  Tensor folded = weight_.clone();
  folded_bias_ = shift_.clone();
  const int64_t each = folded.count() / out;
  for (int64_t n = 0; n < out; ++n) {
    const double scale =
        scale_.data()[n] / std::sqrt(static_cast<double>(running_var_.data()[n]) + config.eps);
    for (int64_t i = n * each; i < (n + 1) * each; ++i)
      folded.mutable_data()[i] = static_cast<float>(weight_.data()[i] * scale);
    folded_bias_.mutable_data()[n] = static_cast<float>(shift_.data()[n] - running_mean_.data()[n] * scale);
  }
  packed_ = PackedFilters(folded, how_);
  weight_ = scale_ = shift_ = running_mean_ = running_var_ = {};
}

void ConvNorm::note(const Pass& pass, const Tensor& x, const Tensor& y, const std::string& way,
                    double began) const {
  if (pass.convolutions)
    pass.convolutions->push_back({name_, x.shape(), packed_.shape(), y.shape(), way, now() - began});
}

Tensor ConvNorm::operator()(const Tensor& x, const Pass& pass, Tensor residual, float drop_path) const {
  if (packed_) {
    const double began = now();
    Tensor y = packed_(x, folded_bias_, {activation_, std::move(residual), true});
    note(pass, x, y, packed_.way(), began);
    return y;
  }
  const Tensor y = convolution(x, weight_, {}, how_);
  const Kept kept{scale_, shift_, running_mean_, running_var_};
  if (!residual) return normalise(y, kept, config_, pass, activation_);
  const Tensor normed = normalise(y, kept, config_, pass, Activation::kNone);
  const Tensor sum = fovea::drop_path(normed, drop_path, pass) + residual;
  return activation_ == Activation::kNone ? sum : activate(activation_, sum);
}

ConvNorm::Chained ConvNorm::then(const ConvNorm& next, const Tensor& x, const Pass& pass, Tensor residual,
                                 float drop_path) const {
  if (!packed_ || !next.packed_ || !chain_suits(packed_.direct(), next.packed_.direct()))
    return {(*this)(x, pass, std::move(residual), drop_path), {}};
  const double began = now();
  const ChainOutput out =
      convolution_chain(x, std::move(residual), {packed_.direct(), folded_bias_, activation_},
                        {next.packed_.direct(), next.folded_bias_, next.activation_});
  note(pass, x, out.first, "product, chained", began);
  next.note(pass, out.first, out.second, "product, chained to the one before", now());
  return {out.first, out.second};
}

}  // namespace fovea
