#pragma once
#include <optional>
#include <vector>

#include "attention/blocks/position_encoding.h"
#include "models/deformable_detr_layers.h"
#include "models/detection_network.h"
#include "models/perceptron.h"
#include "models/resnet.h"
#include "models/token_grid.h"

namespace fovea {

struct DeformableDetrConfig {
  ResNetConfig backbone;
  std::vector<size_t> maps{2, 3, 4};  // which of ResNet::maps() are looked at
  int64_t levels = 4;                 // those, and more by convolutions of stride 2
  int64_t classes = 0, queries = 300;
  DeformableLayerConfig encoder, decoder;
  int64_t encoder_layers = 6, decoder_layers = 6;
  bool learned_positions = false;
  bool refine = false;     // each layer of the decoder corrects the boxes of the one before
  bool two_stage = false;  // queries begin at what the encoder's tokens propose; needs `refine`

  int64_t dim() const { return encoder.attention.dim; }
  int64_t map_width(size_t map) const { return backbone.map_width(map); }
};

// Deformable DETR, Zhu et al. 2021, https://arxiv.org/abs/2010.04159. Checkpoint names: backbone,
// input.<i>.{proj, norm}, level_embed, position.{row, column}.weight, encoder.<i>, decoder.<i>, queries and
// reference, or tokens, tokens_norm, pos_trans and pos_trans_norm with two stages; class_heads.<i>,
// box_heads.<i>.
class DeformableDetr {
 public:
  DeformableDetr(const DeformableDetrConfig& config, const Weights& w);
  const DeformableDetrConfig& config() const { return config_; }

  // What a pass computes beside its answer.
  struct Trace {
    std::vector<Tensor> encoder_states, decoder_states;  // before the first layer and after each
    std::vector<Tensor> references;                      // likewise, [B, queries, 2 or 4]
    Tensor token_logits, token_coordinates;              // of two stages; the latter before the sigmoid
  };
  // One built for inference answers with the last layer alone.
  DetectorOutput detect(const DetectorInput& input, const Pass& pass = {},
                        const DenoisingQueries* denoising = nullptr, Trace* trace = nullptr) const;

 private:
  struct Frame {
    TokenGrid grid;
    DeformableMemory memory;
    Tensor positions;  // [S, dim] or [B, S, dim]
  };
  struct Queries {
    Tensor content, position, reference;
    QueryGroups groups;
  };

  void make_level(size_t level, const Weights& w);
  void make_queries(const Weights& w);
  std::vector<Tensor> levels(const Tensor& images, const Pass& pass) const;
  Frame frame(const DetectorInput& input, const std::vector<Tensor>& levels) const;
  Tensor positions(const std::vector<MapSize>& maps, const std::vector<Tensor>& padding) const;
  void encode(Frame& frame, const Pass& pass, Trace* trace) const;

  Queries learned_queries(int64_t batch) const;
  Tensor propose(const Frame& frame, DetectorOutput& output, Trace* trace) const;
  Queries proposed_queries(const Tensor& boxes, const DenoisingQueries* denoising) const;
  void decode(const Frame& frame, Queries queries, const Pass& pass, DetectorOutput& output,
              Trace* trace) const;
  size_t head_of(size_t layer) const { return config_.refine ? layer : 0; }

  DeformableDetrConfig config_;
  bool answers_all_;
  ResNet backbone_;
  std::vector<Linear> input_;    // of the backbone's maps
  std::vector<Conv2d> coarser_;  // of the levels beyond
  std::vector<Tensor> norms_;    // weight and bias of each level in turn
  Tensor level_embed_;           // [levels, dim]
  std::optional<LearnedPosition> learned_;
  std::vector<DeformableEncoderLayer> encoder_;
  std::vector<DeformableDecoderLayer> decoder_;
  Tensor queries_;                            // [queries, 2 dim]: position, content
  std::optional<Linear> reference_;           // of a query's position
  std::optional<Linear> tokens_, pos_trans_;  // with two stages
  std::optional<LayerNorm> tokens_norm_, pos_trans_norm_;
  std::vector<Linear> class_heads_;  // of the decoder's layers, and of the tokens
  std::vector<Perceptron> box_heads_;
};

}  // namespace fovea
