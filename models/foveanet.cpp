#include "models/foveanet.h"

#include "attention/base/error.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/pool.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reduce.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

constexpr Convolution kSame3x3{.padding = {1, 1}};
constexpr float kNormEps = 1e-5f;

}  // namespace

FoveaNet::Residual::Residual(int64_t width, int64_t reduction, const Weights& w)
    : conv1(width, width, {3, 3}, w / "conv1", w / "norm1", kSame3x3, Activation::kRelu),
      conv2(width, width, {3, 3}, w / "conv2", w / "norm2", kSame3x3, Activation::kNone),
      squeeze_excite({.channels = width, .hidden = std::max<int64_t>(width / reduction, 1)},
                     w / "squeeze_excite") {}

Tensor FoveaNet::Residual::operator()(const Tensor& x, const Pass& pass) const {
  return relu(squeeze_excite(conv2(conv1(x, pass), pass), pass) + x);
}

FoveaNet::Stage::Stage(int64_t in, const FoveaNetConfig::Stage& stage, int64_t reduction, const Weights& w)
    : conv(in, stage.width, {3, 3}, w / "conv", kSame3x3, false), norm(stage.width, w / "norm") {
  for (int64_t i = 0; i < stage.blocks; ++i) blocks.emplace_back(stage.width, reduction, w / "blocks" / i);
}

Tensor FoveaNet::Stage::operator()(const Tensor& x, const Pass& pass) const {
  Tensor y = norm(max_pool(conv(x), {}), pass, Activation::kRelu);  // a quarter of the positions to normalise
  for (const Residual& block : blocks) y = block(y, pass);
  return y;
}

FoveaNet::FoveaNet(const FoveaNetConfig& c, const Weights& w)
    : config_(c),
      norm_(c.stages.back().width, w / "norm", kNormEps),
      head_(c.stages.back().width, c.classes, w / "head") {
  stem_.emplace(3, c.stem_width, std::array<int64_t, 2>{3, 3}, w / "stem", kSame3x3);
  int64_t width = c.stem_width;
  for (size_t i = 0; i < c.stages.size(); ++i) {
    stages_.emplace_back(width, c.stages[i], c.squeeze_reduction, w / "stages" / static_cast<int64_t>(i));
    width = c.stages[i].width;
    if (static_cast<int64_t>(i) + 1 == c.non_local_stage)
      non_local_.emplace(NonLocalConfig{.channels = width}, w / "non_local");
  }
  for (int64_t i = 0; i < c.attention_layers; ++i)
    layers_.emplace_back(
        EncoderLayerConfig{.dim = width, .mlp = c.attention_mlp, .heads = c.heads, .norm_eps = kNormEps},
        w / "layers" / i);
}

Tensor FoveaNet::features(const Tensor& images, const Pass& pass) const {
  const int64_t least = int64_t{1} << stages_.size();
  if (images.shape().rank() != 4 || images.dim(3) != 3 || images.dim(1) < least || images.dim(2) < least)
    fail("foveanet: images are ", images.shape(), ", needs [B, H, W, 3] of at least ", least, " x ", least);
  Tensor x = (*stem_)(images, {.activation = Activation::kRelu});
  for (size_t i = 0; i < stages_.size(); ++i) {
    x = stages_[i](x, pass);
    if (static_cast<int64_t>(i) + 1 == config_.non_local_stage) x = (*non_local_)(x, pass);
    x = tapped(pass, "stages." + std::to_string(i), x);
  }
  x = reshape(x, {x.dim(0), x.dim(1) * x.dim(2), x.dim(3)});
  for (const EncoderLayer& layer : layers_) x = layer(x, pass);
  return mean_tokens(norm_(x));
}

// The head is linear, so its logits are then means as well. Training varies the pictures by itself.
Tensor FoveaNet::embed(const Tensor& images, const Pass& pass) const {
  if (pass.training) return features(images, pass);
  return mean_over(config_.views, images, [&](const Tensor& view) {
    return features(view, view.data() == images.data() ? pass : Pass{});  // taps hear of the picture itself
  });
}

Tensor FoveaNet::logits(const Tensor& images, const Pass& pass) const {
  return head_(embed(images, pass));
}

}  // namespace fovea
