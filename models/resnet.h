#pragma once
#include <optional>
#include <vector>

#include "attention/nn/convolution_layers.h"
#include "attention/nn/layers.h"

namespace fovea {

struct ResNetConfig {
  int64_t channels = 3;
  std::vector<int64_t> stem{64};  // widths: one convolution of 7 x 7, or several of 3 x 3
  struct Stage {
    int64_t width, blocks;
    int64_t stride = 2, dilation = 1;
  };
  std::vector<Stage> stages{{256, 3, 1}, {512, 4}, {1024, 6}, {2048, 3}};
  bool bottleneck = true;        // 1 x 1, 3 x 3 and 1 x 1 at a quarter of the width; else two of 3 x 3
  bool stride_in_first = false;  // a bottleneck strides in its 1 x 1 instead of its 3 x 3
  bool pooled_shortcut = false;  // a shortcut strides by an average pool before its 1 x 1
  Activation activation = Activation::kRelu;  // of the stem and after each sum; within a block it is ReLU
  int64_t classes = 1000;                     // 0: no classifier
  // In training: the share of the pictures to which the last block adds nothing (the first has 0), and the
  // share dropped of what the classifier reads.
  float drop_path = 0, dropout = 0;
  int64_t map_width(size_t map) const { return map == 0 ? stem.back() : stages[map - 1].width; }
};

// He et al. 2016, https://arxiv.org/abs/1512.03385, with the stem and shortcuts of He et al. 2019 ("D") on
// demand. Fully convolutional: pictures of any size. Checkpoint names: stem.<i>.{conv, norm},
// stages.<i>.blocks.<j>.{conv1, norm1, conv2, norm2, conv3, norm3, shortcut.conv, shortcut.norm}, head.
class ResNet {
 public:
  ResNet(const ResNetConfig& config, const Weights& w);
  const ResNetConfig& config() const { return config_; }

  // images [B, H, W, channels]. The map after the stem, and after each stage, [B, H', W', width]. A detector
  // that keeps the norms of its backbone as they are gives a pass that does not train. Maps before `first`
  // are none: they are wide, and their memory is reused at once.
  std::vector<Tensor> maps(const Tensor& images, const Pass& pass = {}, size_t first = 0) const;
  Tensor embed(const Tensor& images, const Pass& pass = {}) const;     // [B, width]: the last map's mean
  Tensor logits(const Tensor& images, const Pass& pass = {}) const;    // [B, classes]
  Tensor classify(const Tensor& pooled, const Pass& pass = {}) const;  // [B, width] -> [B, classes]

 private:
  struct BlockSizes {
    int64_t in, out, stride, first_dilation, dilation;
    float drop_path;
  };
  // A map on its way from block to block.
  struct Step {
    Tensor x, begun;  // begun: what the next block's first convolution made of x; none: it has not run
  };
  struct Block {
    Block(const ResNetConfig& config, const BlockSizes& sizes, const Weights& w);
    // `next`: the block after this one, which may then be begun; null: there is none.
    Step operator()(Step in, const Block* next, const Pass& pass) const;
    std::vector<ConvNorm> convs;
    std::optional<ConvNorm> shortcut;
    bool pools = false;  // before the shortcut
    float drop_path;
  };

  Tensor stem(const Tensor& images, const Pass& pass) const;
  Step stage(size_t index, Step step, const Pass& pass) const;

  ResNetConfig config_;
  std::vector<ConvNorm> stem_;
  std::vector<std::vector<Block>> stages_;
  std::optional<Linear> head_;
};

}  // namespace fovea
