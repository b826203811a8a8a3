#pragma once
#include <filesystem>
#include <opencv2/core.hpp>

#include "attention/tensor/tensor.h"

namespace fovea {

// NumPy's format 1.0, little-endian float32, C order; written atomically. Fails with the file's name.
void write_npy(const std::filesystem::path& file, const Tensor& values);
void write_npy(const std::filesystem::path& file, const cv::Mat& values);  // CV_32F

// 16-bit gray PNG: low -> 0, high -> 65535; NaN as 0. low and high stand in its text chunks "fovea:low" and
// "fovea:high".
void write_png16(const std::filesystem::path& file, const cv::Mat& values, double low, double high);

}  // namespace fovea
