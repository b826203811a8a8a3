#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace fovea {

// The assignment of least total cost, each row and each column used at most once, as many as there can be:
// Jonker & Volgenant 1987 by shortest augmenting paths (Crouse 2016). cost [rows, columns], row-major; fails
// on one that is not a number or -infinity, and if only infinite costs are left. -> the column of each row,
// or -1.
std::vector<int64_t> hungarian(std::span<const float> cost, int64_t rows, int64_t columns);

}  // namespace fovea
