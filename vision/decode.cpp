#include "vision/decode.h"

#include <fstream>
#include <new>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "vision/image_file.h"
#include "vision/jpeg_scan.h"

namespace fovea {
namespace {

// As EXIF defines its eight values: what brings the stored picture upright.
cv::Mat upright(const cv::Mat& image, int orientation) {
  cv::Mat out, transposed;
  if (orientation == 5 || orientation == 7) cv::transpose(image, transposed);
  switch (orientation) {
    case 2:
      cv::flip(image, out, 1);
      return out;
    case 3:
      cv::rotate(image, out, cv::ROTATE_180);
      return out;
    case 4:
      cv::flip(image, out, 0);
      return out;
    case 5:
      return transposed;
    case 6:
      cv::rotate(image, out, cv::ROTATE_90_CLOCKWISE);
      return out;
    case 7:
      cv::rotate(transposed, out, cv::ROTATE_180);
      return out;
    case 8:
      cv::rotate(image, out, cv::ROTATE_90_COUNTERCLOCKWISE);
      return out;
    default:
      return image;
  }
}

cv::Mat pixels_of(const ImageHeader& header) {
  try {
    return {static_cast<int>(header.height), static_cast<int>(header.width), CV_8UC3};
  } catch (const cv::Exception&) {  // the size is within limits
    throw std::bad_alloc();
  }
}

cv::Mat decode_pixels(const ImageFile& file, std::span<const uint8_t> bytes, const ImageHeader& header) {
  cv::Mat image = pixels_of(header);
  if (header.white != 255) {
    read_scaled_pnm(file, image);
    return image;
  }
  image.release();  // there is memory for it: OpenCV would call it damaged if there were none
  try {
    const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<uint8_t*>(bytes.data()));
    image = cv::imdecode(encoded, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
    if (!image.empty()) cv::cvtColor(image, image, cv::COLOR_BGR2RGB);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const cv::Exception& error) {
    if (error.code == cv::Error::StsNoMem) throw std::bad_alloc();
    image.release();
  } catch (const std::exception&) {
    image.release();
  }
  if (image.empty()) file.broken(std::string("the ") + header.format + " is damaged or of an unusual kind");
  if (image.cols != header.width || image.rows != header.height)
    file.broken(std::string("the ") + header.format + " is not of the size that its header says");
  // libjpeg paints blocks that never came in this gray.
  const bool gray_corner = image.at<cv::Vec3b>(image.rows - 1, image.cols - 1) == cv::Vec3b(128, 128, 128);
  if (header.format == std::string_view("JPEG") && gray_corner && !jpeg_scan_complete(bytes))
    file.reject("truncated", "the data of the JPEG end early; get a complete copy");
  return image;
}

}  // namespace

DecodedImage decode_image(std::span<const uint8_t> bytes, const DecodeOptions& options) {
  const ImageFile file(bytes, options);
  file.check_bytes();
  const ImageHeader header = read_header(file);
  std::vector<uint8_t> edited;
  if (!header.edits.empty()) {
    edited.assign(bytes.begin(), bytes.end());
    for (const auto& [place, value] : header.edits) edited[static_cast<size_t>(place)] = value;
  }
  cv::Mat rgb = decode_pixels(file, edited.empty() ? bytes : edited, header);
  if (options.apply_exif || header.always_upright) {
    try {
      rgb = upright(rgb, header.orientation);
    } catch (const cv::Exception&) {  // what else could there be
      throw std::bad_alloc();
    }
  }
  return {rgb, header.orientation};
}

DecodedImage read_image(const std::filesystem::path& path, DecodeOptions options) {
  options.name = path.string();
  const ImageFile nothing({}, options);
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found)
    nothing.reject("not_found", "there is no such file; check the path");
  if (std::filesystem::is_directory(status))
    nothing.reject("unreadable", "this is a folder; name the pictures in it");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) nothing.reject("unreadable", "the file cannot be opened; check its permissions");
  std::vector<uint8_t> bytes;
  std::vector<char> piece(1 << 20);
  while (stream &&
         static_cast<int64_t>(bytes.size()) <= options.max_bytes) {  // a pipe has no size to ask for
    stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + stream.gcount());
  }
  if (stream.bad()) nothing.reject("unreadable", "the file cannot be read; check the disk");
  return decode_image(bytes, options);
}

void silence_decoders() {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
}

}  // namespace fovea
