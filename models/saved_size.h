#pragma once
#include "models/trainable_network.h"

namespace fovea {

// A network that was trained on pictures of another size than its config tells is saved as one for these:
// with position embeddings of that size and a config that says so, since other programs fit neither to the
// pictures by themselves. What it computes stays the same.
void save_at_size(TrainableNetwork& network, int64_t height, int64_t width);

// The text of a config.json for pictures of this size, in the words of its library: image_size, or timm's
// input_size and img_size. `built`: the network is made for one size, so that the config has to tell it.
std::string config_at_size(const std::string& config, const std::string& library, int64_t height,
                           int64_t width, bool built);

}  // namespace fovea
