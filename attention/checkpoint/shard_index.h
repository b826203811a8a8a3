#pragma once
#include <filesystem>
#include <map>
#include <string>

namespace fovea {

// The weight_map of a model.safetensors.index.json: tensor -> file in the same folder. Fails unless every
// file name is a plain one, so that an index cannot point outside its folder.
std::map<std::string, std::string> read_shard_index(const std::filesystem::path& path);

}  // namespace fovea
