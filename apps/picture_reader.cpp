#include "apps/picture_reader.h"

#include <chrono>
#include <istream>

#include "attention/base/error.h"
#include "vision/decode.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// At most `most` bytes and one, so that a stream without end is seen to be too long.
std::vector<uint8_t> read_all(std::istream& in, size_t most) {
  std::vector<uint8_t> bytes;
  constexpr size_t kPiece = size_t{1} << 18;
  while (in && bytes.size() <= most) {
    const size_t had = bytes.size();
    bytes.resize(had + kPiece);
    in.read(reinterpret_cast<char*>(bytes.data() + had), kPiece);
    bytes.resize(had + static_cast<size_t>(in.gcount()));
  }
  return bytes;
}

DecodedImage decode(Input& input, const PictureReading& how, std::istream& standard_input) {
  if (input.frame) return {std::move(input.frame->rgb)};
  DecodeOptions options;
  options.apply_exif = how.apply_exif;
  if (input.source != "-") return read_image(input.source, options);
  options.name = "standard input";
  return decode_image(read_all(standard_input, static_cast<size_t>(options.max_bytes)), options);
}

}  // namespace

PreparedImage read_picture(Input input, const PictureReading& how, std::istream& standard_input) {
  PreparedImage picture;
  Result& result = picture.result;
  result.input = std::move(input);
  try {
    const Clock::time_point start = Clock::now();
    const DecodedImage decoded = decode(result.input, how, standard_input);
    const Clock::time_point middle = Clock::now();
    result.width = decoded.rgb.cols;
    result.height = decoded.rgb.rows;
    result.exif_orientation = decoded.exif_orientation;
    picture.frame = how.frame(decoded.rgb);
    if (how.keep_pixels) result.rgb = decoded.rgb;
    result.timing.decode = milliseconds(start, middle);
    result.timing.preprocess = milliseconds(middle, Clock::now());
  } catch (const ImageError& error) {
    result.input.failure = Failure{error.code, error.what()};
  } catch (const Error& error) {
    result.input.failure = Failure{"preprocess_failed", result.input.source + ": " + error.what()};
  }
  return picture;
}

}  // namespace fovea
