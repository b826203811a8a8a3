#pragma once
#include <map>
#include <string>

#include "models/detection_network.h"

namespace fovea {

using NamedOutputs = std::map<std::string, Tensor>;

// "logits" and "pred_boxes" of the last layer; of the others "auxiliary_outputs.<i>.logits" ...
void add_predictions(const DetectorOutput& output, NamedOutputs& named);

// What the taps of an encoder "encoder" and a decoder "decoder" took, as transformers numbers it:
// "encoder_hidden_states.0", "encoder_attentions.0", "decoder_attentions.0" of attention blocks called
// self_attn, "cross_attentions.0" of those called cross_attn.
void add_taps(const Taps& taps, NamedOutputs& named);

}  // namespace fovea
