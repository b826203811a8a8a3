#include "models/resnet.h"

#include <utility>

#include "attention/base/error.h"
#include "attention/nn/dropout.h"
#include "attention/ops/pool.h"

namespace fovea {
namespace {

// A square kernel that keeps a picture's size at stride 1.
Convolution same(int64_t kernel, int64_t stride, int64_t dilation = 1) {
  const int64_t padding = kernel / 2 * dilation;
  return {.stride = {stride, stride}, .padding = {padding, padding}, .dilation = {dilation, dilation}};
}

ConvNorm conv_norm(int64_t in, int64_t out, int64_t kernel, const Weights& w, const std::string& index,
                   const Convolution& how, Activation activation) {
  return ConvNorm(in, out, {kernel, kernel}, w / ("conv" + index), w / ("norm" + index), how, activation);
}

}  // namespace

ResNet::Block::Block(const ResNetConfig& c, const BlockSizes& s, const Weights& w) : drop_path(s.drop_path) {
  constexpr Activation kInner = Activation::kRelu;
  if (c.bottleneck) {
    const int64_t inner = s.out / 4;
    const int64_t first = c.stride_in_first ? s.stride : 1, second = c.stride_in_first ? 1 : s.stride;
    convs.push_back(conv_norm(s.in, inner, 1, w, "1", same(1, first), kInner));
    convs.push_back(conv_norm(inner, inner, 3, w, "2", same(3, second, s.first_dilation), kInner));
    convs.push_back(conv_norm(inner, s.out, 1, w, "3", same(1, 1), c.activation));
  } else {
    convs.push_back(conv_norm(s.in, s.out, 3, w, "1", same(3, s.stride, s.first_dilation), kInner));
    convs.push_back(conv_norm(s.out, s.out, 3, w, "2", same(3, 1, s.dilation), c.activation));
  }
  if (s.in == s.out && s.stride == 1) return;
  pools = c.pooled_shortcut && s.stride > 1;
  const int64_t stride = pools ? 1 : s.stride;
  shortcut.emplace(conv_norm(s.in, s.out, 1, w / "shortcut", "", same(1, stride), Activation::kNone));
}

ResNet::Step ResNet::Block::operator()(Step in, const Block* next, const Pass& pass) const {
  Tensor y = in.begun ? std::move(in.begun) : convs.front()(in.x, pass);
  for (size_t i = 1; i + 1 < convs.size(); ++i) y = convs[i](y, pass);
  Tensor residual = std::move(in.x);
  if (pools) residual = average_pool(residual, {.ceil = true, .counts_padding = false});
  if (shortcut) residual = (*shortcut)(residual, pass);
  if (!next) return {convs.back()(y, pass, std::move(residual), drop_path), {}};
  const auto [own, begun] = convs.back().then(next->convs.front(), y, pass, std::move(residual), drop_path);
  return {own, begun};
}

ResNet::ResNet(const ResNetConfig& c, const Weights& w) : config_(c) {
  const int64_t kernel = c.stem.size() == 1 ? 7 : 3;
  int64_t width = c.channels, dilation = 1;
  for (size_t i = 0; i < c.stem.size(); ++i) {
    const Weights at = w / "stem" / static_cast<int64_t>(i);
    stem_.push_back(conv_norm(width, c.stem[i], kernel, at, "", same(kernel, i == 0 ? 2 : 1), c.activation));
    width = c.stem[i];
  }
  int64_t block = 0, blocks_of_all = 0;
  for (const ResNetConfig::Stage& stage : c.stages) blocks_of_all += stage.blocks;
  for (size_t i = 0; i < c.stages.size(); ++i) {
    const ResNetConfig::Stage& stage = c.stages[i];
    std::vector<Block>& blocks = stages_.emplace_back();
    for (int64_t j = 0; j < stage.blocks; ++j) {
      const BlockSizes sizes{width,    stage.width,    j == 0 ? stage.stride : 1,
                             dilation, stage.dilation, drop_path_at(block++, blocks_of_all, c.drop_path)};
      blocks.emplace_back(c, sizes, w / "stages" / static_cast<int64_t>(i) / "blocks" / j);
      width = stage.width;
      dilation = stage.dilation;
    }
  }
  if (c.classes > 0) head_.emplace(width, c.classes, w / "head");
}

Tensor ResNet::stem(const Tensor& images, const Pass& pass) const {
  if (images.shape().rank() != 4 || images.dim(3) != config_.channels)
    fail("resnet: images are ", images.shape(), ", needs [B, H, W, ", config_.channels, "]");
  Tensor x = images;
  for (const ConvNorm& layer : stem_) x = layer(x, pass);
  x = max_pool(x, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
  return tapped(pass, "stem", x);
}

ResNet::Step ResNet::stage(size_t index, Step step, const Pass& pass) const {
  const std::vector<Block>& blocks = stages_[index];
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block* next = i + 1 < blocks.size()        ? &blocks[i + 1]
                        : index + 1 < stages_.size() ? &stages_[index + 1].front()
                                                     : nullptr;
    step = blocks[i](std::move(step), next, pass);
  }
  step.x = tapped(pass, "stages." + std::to_string(index), step.x);
  return step;
}

std::vector<Tensor> ResNet::maps(const Tensor& images, const Pass& pass, size_t first) const {
  Step step{stem(images, pass), {}};
  std::vector<Tensor> maps(stages_.size() + 1);
  for (size_t i = 0;; ++i) {
    if (i >= first) maps[i] = step.x;
    if (i == stages_.size()) return maps;
    step = stage(i, std::move(step), pass);
  }
}

Tensor ResNet::embed(const Tensor& images, const Pass& pass) const {
  Step step{stem(images, pass), {}};
  for (size_t i = 0; i < stages_.size(); ++i) step = stage(i, std::move(step), pass);
  return global_average_pool(step.x);
}

Tensor ResNet::classify(const Tensor& pooled, const Pass& pass) const {
  if (!head_) fail("resnet: the model has no classifier; use its embeddings");
  return (*head_)(dropout(pooled, config_.dropout, pass));
}

Tensor ResNet::logits(const Tensor& images, const Pass& pass) const {
  return classify(embed(images, pass), pass);
}

}  // namespace fovea
