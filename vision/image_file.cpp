#include "vision/image_file.h"

#include <cstring>

#include "attention/base/shown_name.h"

namespace fovea {
namespace {

using namespace std::string_view_literals;

struct Format {
  std::string_view magic;
  int64_t at;
  ImageHeader (*read)(const ImageFile&);
};
constexpr Format kFormats[] = {
    {"\xFF\xD8\xFF"sv, 0, read_jpeg_header}, {"\x89PNG\r\n\x1A\n"sv, 0, read_png_header},
    {"WEBP"sv, 8, read_webp_header},         {"BM"sv, 0, read_bmp_header},
    {"II*\0"sv, 0, read_tiff_header},        {"MM\0*"sv, 0, read_tiff_header},
    {"II+\0"sv, 0, read_tiff_header},        {"MM\0+"sv, 0, read_tiff_header}};

struct Foreign {
  std::string_view magic;
  int64_t at;
  const char* name;
};
constexpr Foreign kForeign[] = {{"GIF8"sv, 0, "a GIF"},
                                {"ftypavif"sv, 4, "an AVIF picture"},
                                {"ftyphei"sv, 4, "a HEIC picture"},
                                {"ftyp"sv, 4, "an ISO media file (HEIC, AVIF or video)"},
                                {"8BPS"sv, 0, "a Photoshop file"},
                                {"%PDF"sv, 0, "a PDF"},
                                {"\0\0\x01\0"sv, 0, "an icon"},
                                {"\xFF\x0A"sv, 0, "a JPEG XL picture"},
                                {"\0\0\0\x0CJXL "sv, 0, "a JPEG XL picture"},
                                {"\0\0\0\x0CjP  "sv, 0, "a JPEG 2000 picture"},
                                {"\xFF\x4F\xFF\x51"sv, 0, "a JPEG 2000 picture"},
                                {"v/1\x01"sv, 0, "an OpenEXR picture"},
                                {"<"sv, 0, "XML or HTML text (SVG?)"}};

bool is_pnm(const ImageFile& file) {
  const auto bytes = file.bytes();
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
         (bytes[2] == '#' || bytes[2] == ' ' || (bytes[2] >= '\t' && bytes[2] <= '\r'));
}

}  // namespace

bool ImageFile::has(int64_t at, std::string_view text) const {
  const auto end = static_cast<size_t>(at) + text.size();
  return end <= bytes_.size() && std::memcmp(bytes_.data() + at, text.data(), text.size()) == 0;
}

void ImageFile::check_bytes() const {
  if (size() > options_.max_bytes)
    reject("too_large", "the file has more than " + std::to_string(options_.max_bytes) +
                            " bytes, the limit; make the picture smaller");
}

int64_t ImageFile::number(int64_t at, int count, ByteOrder order) const {
  need(at + count);
  int64_t value = 0;
  for (int i = 0; i < count; ++i)
    value = value << 8 | bytes_[static_cast<size_t>(at + (order == ByteOrder::kBig ? i : count - 1 - i))];
  return value;
}

void ImageFile::need(int64_t end) const {
  if (end > size())
    reject("truncated", "the file ends early, at byte " + std::to_string(size()) + "; get a complete copy");
}

void ImageFile::check_size(int64_t width, int64_t height) const {
  if (width <= 0 || height <= 0)
    broken("its header says " + std::to_string(width) + " x " + std::to_string(height) + " pixels");
  if (width > options_.max_side || height > options_.max_side || width * height > options_.max_pixels)
    reject("too_large", std::to_string(width) + " x " + std::to_string(height) +
                            " pixels are more than the limit of " + std::to_string(options_.max_pixels) +
                            " pixels, " + std::to_string(options_.max_side) +
                            " a side; make the picture smaller");
}

void ImageFile::reject(const char* code, const std::string& reason) const {
  throw ImageError(code, on_one_line(options_.name) + ": " + reason);
}

void ImageFile::broken(const std::string& reason) const {
  reject("decode_failed", reason + "; save the picture again as PNG or JPEG");
}

ImageHeader read_header(const ImageFile& file) {
  if (file.size() == 0) file.reject("empty", "the file is empty; get a complete copy");
  for (const Format& format : kFormats)
    if (file.has(format.at, format.magic)) return format.read(file);
  if (is_pnm(file)) return read_pnm_header(file);
  const char* name = "no picture of a kind known here";
  for (const Foreign& foreign : kForeign)
    if (file.has(foreign.at, foreign.magic)) {
      name = foreign.name;
      break;
    }
  file.reject("unsupported_format", std::string("this is ") + name +
                                        "; convert it to JPEG, PNG, WebP, BMP, TIFF or PNM, which are read");
}

}  // namespace fovea
