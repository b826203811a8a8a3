#include "vision/map_files.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <string>
#include <vector>

#include "attention/base/atomic_file.h"
#include "attention/base/error.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;
static_assert(std::endian::native == std::endian::little, "values are written as they lie in memory");

void append(Bytes& bytes, const void* data, size_t count) {
  const auto* from = static_cast<const uint8_t*>(data);
  bytes.insert(bytes.end(), from, from + count);
}

// Magic, version 1.0, the header's length, and the header, filled up with blanks to a multiple of 64.
Bytes npy_start(std::span<const int64_t> shape) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < shape.size(); ++i) header += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  header += shape.size() == 1 ? ",), }" : "), }";
  constexpr size_t kBefore = 10;
  header.append(63 - (kBefore + header.size()) % 64, ' ');
  header += '\n';
  Bytes bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  bytes.push_back(static_cast<uint8_t>(header.size() & 0xFF));
  bytes.push_back(static_cast<uint8_t>(header.size() >> 8));
  append(bytes, header.data(), header.size());
  return bytes;
}

void append_number(Bytes& bytes, size_t number) {  // of 32 bits, the greatest first
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(number >> shift));
}

// A chunk "tEXt" with the shortest digits that read back as the same number.
Bytes text_chunk(const std::string& key, double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  const std::string body = "tEXt" + key + '\0' + std::string(digits.data(), end.ptr);
  Bytes chunk;
  append_number(chunk, body.size() - 4);
  append(chunk, body.data(), body.size());
  const auto* first = reinterpret_cast<const Bytef*>(body.data());
  append_number(chunk, ::crc32(0, first, static_cast<uInt>(body.size())));
  return chunk;
}

void check(const char* what, const fs::path& file, const cv::Mat& values) {
  if (values.empty() || values.type() != CV_32FC1)
    fail(what, ": ", file.string(), " would hold no float32 values");
}

}  // namespace

void write_npy(const fs::path& file, const Tensor& values) {
  if (!values) fail("write_npy: ", file.string(), " would hold no tensor");
  std::vector<int64_t> shape;
  for (int i = 0; i < values.shape().rank(); ++i) shape.push_back(values.dim(i));
  Bytes bytes = npy_start(shape);
  append(bytes, values.data(), values.values().size_bytes());
  write_file(file, std::as_bytes(std::span(bytes)));
}

void write_npy(const fs::path& file, const cv::Mat& values) {
  check("write_npy", file, values);
  Bytes bytes = npy_start(std::array<int64_t, 2>{values.rows, values.cols});
  for (int y = 0; y < values.rows; ++y)
    append(bytes, values.ptr(y), static_cast<size_t>(values.cols) * sizeof(float));
  write_file(file, std::as_bytes(std::span(bytes)));
}

void write_png16(const fs::path& file, const cv::Mat& values, double low, double high) {
  check("write_png16", file, values);
  if (!std::isfinite(low) || !std::isfinite(high) || low > high)
    fail("write_png16: ", file.string(), ": no scale leads from ", low, " to ", high);
  cv::Mat grays(values.size(), CV_16UC1);
  for (int y = 0; y < values.rows; ++y)
    for (int x = 0; x < values.cols; ++x) {
      const double share = (values.at<float>(y, x) - low) / (high - low);  // NaN if there is no range
      grays.at<uint16_t>(y, x) =
          std::isnan(share) ? 0 : static_cast<uint16_t>(std::lround(65535 * std::clamp(share, 0.0, 1.0)));
    }
  Bytes bytes;
  if (!cv::imencode(".png", grays, bytes)) fail(file.string(), ": cannot encode it; check the memory");
  constexpr auto kAfterHeader = 8 + 25;  // the signature and the chunk IHDR
  for (const Bytes& chunk : {text_chunk("fovea:high", high), text_chunk("fovea:low", low)})
    bytes.insert(bytes.begin() + kAfterHeader, chunk.begin(), chunk.end());
  write_file(file, std::as_bytes(std::span(bytes)));
}

}  // namespace fovea
