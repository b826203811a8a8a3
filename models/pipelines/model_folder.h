#pragma once
#include <cstdint>
#include <filesystem>

#include "models/image_network.h"

namespace fovea {

// A checkpoint folder, opened; without its weights they are drawn from `seed`.
ModelSource open_model_folder(const std::filesystem::path& folder, bool with_weights, uint64_t seed);

// What the folder's own name and model card add to `info`, fit to be shown on a terminal.
void complete_info(ModelInfo& info, const std::filesystem::path& folder);

}  // namespace fovea
