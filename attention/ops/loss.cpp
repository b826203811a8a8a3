#include "attention/ops/loss.h"

#include <cmath>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/element_loss.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reduce.h"

namespace fovea {
namespace {

constexpr int64_t kRows = 64;

// -sum(shares * logp) of each row, [B, classes] -> [B]; a class without a share may have a logp of -infinity.
Tensor row_losses(const Tensor& logp, const Tensor& shares) {
  const int64_t B = logp.dim(0), K = logp.dim(1);
  Tensor losses(Shape{B});
  parallel_for(B, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      double sum = 0;
      for (int64_t i = b * K; i < (b + 1) * K; ++i)
        if (shares.data()[i] != 0) sum -= static_cast<double>(shares.data()[i]) * logp.data()[i];
      losses.mutable_data()[b] = static_cast<float>(sum);
    }
  });
  return record(losses, {logp, shares}, [logp, shares, K](const Tensor& dy) {
    const auto times_row = [&](const Tensor& other) {
      Tensor dx(other.shape());
      for (int64_t i = 0; i < dx.count(); ++i) dx.mutable_data()[i] = -dy.data()[i / K] * other.data()[i];
      return dx;
    };
    return std::vector<Tensor>{logp.grad_node() ? times_row(shares) : Tensor(),
                               shares.grad_node() ? times_row(logp) : Tensor()};
  });
}

void expect_logits(const Tensor& logits, const CrossEntropyOptions& options) {
  if (logits.shape().rank() != 2) fail("cross_entropy: ", logits.shape(), " is not [B, classes]");
  const Shape classes{logits.dim(1)};
  if (options.class_weights && options.class_weights.shape() != classes)
    fail("cross_entropy: class weights ", options.class_weights.shape(), " for ", logits.shape());
  if (!(options.smoothing >= 0 && options.smoothing <= 1))
    fail("cross_entropy: a smoothing of ", options.smoothing, " is not from 0 to 1");
}

float weight_of(const CrossEntropyOptions& options, int64_t k) {
  return options.class_weights ? options.class_weights.data()[k] : 1;
}

// Of one row: 1 - smoothing at its label, and smoothing / K everywhere, times the weights.
void fill_shares(const CrossEntropyOptions& options, int64_t label, int64_t K, float* shares) {
  for (int64_t k = 0; k < K; ++k)
    shares[k] = weight_of(options, k) *
                (options.smoothing / static_cast<float>(K) + (k == label ? 1 - options.smoothing : 0));
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, std::span<const int> labels, const CrossEntropyOptions& options) {
  expect_logits(logits, options);
  const int64_t B = logits.dim(0), K = logits.dim(1);
  if (static_cast<int64_t>(labels.size()) != B)
    fail("cross_entropy: ", labels.size(), " labels for ", logits.shape());
  Tensor shares = Tensor::full({B, K}, 0);
  double weights = 0;
  for (int64_t b = 0; b < B; ++b) {
    const int label = labels[static_cast<size_t>(b)];
    if (label == options.ignored) continue;
    if (label < 0 || label >= K) fail("cross_entropy: label ", label, " for ", logits.shape());
    weights += weight_of(options, label);
    fill_shares(options, label, K, shares.mutable_data() + b * K);
  }
  const Tensor losses = row_losses(log_softmax(logits, 1), shares);
  if (options.reduction != Reduction::kMean) return reduce(losses, options.reduction);
  return scale(sum_all(losses), weights > 0 ? static_cast<float>(1 / weights) : 0);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options) {
  expect_logits(logits, options);
  if (targets.shape() != logits.shape())
    fail("cross_entropy: targets ", targets.shape(), " for ", logits.shape());
  if (options.ignored) fail("cross_entropy: label ", *options.ignored, " cannot be ignored in soft targets");
  Tensor shares = targets;
  const auto K = static_cast<float>(logits.dim(1));
  if (options.smoothing != 0)
    shares = scale(shares, 1 - options.smoothing) + Tensor::full(targets.shape(), options.smoothing / K);
  if (options.class_weights) shares = mul(shares, options.class_weights);
  return reduce(row_losses(log_softmax(logits, 1), shares), options.reduction);
}

Tensor smoothed_targets(std::span<const int> labels, int64_t classes, float smoothing) {
  const auto B = static_cast<int64_t>(labels.size());
  Tensor targets(Shape{B, classes});
  for (int64_t b = 0; b < B; ++b) {
    const int label = labels[static_cast<size_t>(b)];
    if (label < 0 || label >= classes) fail("smoothed_targets: label ", label, " of ", classes, " classes");
    fill_shares({.smoothing = smoothing}, label, classes, targets.mutable_data() + b * classes);
  }
  return targets;
}

Tensor kl_divergence(const Tensor& log_probabilities, const Tensor& targets, Reduction reduction) {
  const Tensor losses = element_loss(
      "kl_divergence", log_probabilities, targets,
      [](double x, double t, int64_t) { return t > 0 ? t * (std::log(t) - x) : 0; },
      [](double, double t, int64_t) { return t > 0 ? -t : 0; },
      [](double x, double t, int64_t) { return t > 0 ? std::log(t) + 1 - x : 0; });
  return reduce(losses, reduction);
}

}  // namespace fovea
