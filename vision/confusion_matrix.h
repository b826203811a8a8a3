#pragma once
#include <cstdint>
#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// A picture of counts [rows][columns]: what each class (row) was taken for (column), shaded by its share of
// the row, its counts written in where they fit. As large as its labels need.
cv::Mat draw_confusion_matrix(std::span<const int64_t> counts, std::span<const std::string> rows,
                              std::span<const std::string> columns);

}  // namespace fovea
