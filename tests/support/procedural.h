#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "attention/tensor/tensor.h"

namespace fovea {

// The tensors of one file ("model" or "input") of a full-size golden case, whose values follow from their
// names. manifest.tsv has a line for each: file, name, sizes, type, offset, scale. Value i is offset + scale
// * (2u - 1) with u the top 24 bits of splitmix64's output i + 1, seeded with FNV-1a-64 of the name; integers
// are zero.
std::map<std::string, Tensor> procedural_tensors(const std::filesystem::path& manifest,
                                                 const std::string& file);

}  // namespace fovea
