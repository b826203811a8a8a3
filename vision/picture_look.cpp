#include "vision/picture_look.h"

#include <fstream>
#include <utility>

#include "vision/image_file.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr size_t kStart = 64 << 10;

// At most `most` bytes.
std::vector<uint8_t> first_bytes(const fs::path& path, const ImageFile& nothing, size_t most) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    nothing.reject("not_found", "there is no such file; check the path");
  if (!fs::is_regular_file(status)) nothing.reject("unreadable", "this is not a file; check the path");
  std::vector<uint8_t> bytes(std::min<uintmax_t>(fs::file_size(path, error), most));
  std::ifstream stream(path, std::ios::binary);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream || error) nothing.reject("unreadable", "the file cannot be read; check its permissions");
  return bytes;
}

ImageHeader header_of(const fs::path& path, const DecodeOptions& options, PictureCheck check) {
  const ImageFile nothing({}, options);
  if (check != PictureCheck::kWhole) {
    std::vector<uint8_t> start = first_bytes(path, nothing, kStart);
    if (start.size() < kStart) return read_header(ImageFile(start, options));
    start.insert(start.end(), {0xFF, 0xD9});  // a JPEG's end: what comes before is enough for its header
    const ImageFile file(start, options);
    try {
      if (file.has(0, "\xFF\xD8\xFF")) return read_header(file);
    } catch (const ImageError&) {  // say, because of a large EXIF thumbnail
    }
  }
  const std::vector<uint8_t> bytes = first_bytes(path, nothing, static_cast<size_t>(options.max_bytes) + 1);
  const ImageFile file(bytes, options);
  file.check_bytes();
  return read_header(file);
}

template <class Read, class Decode>
PictureLook look_of(const Read& read, const Decode& decode, PictureCheck check) {
  PictureLook look;
  try {
    const ImageHeader header = read();
    look = {.width = header.width, .height = header.height, .orientation = header.orientation};
    if (look.turned()) std::swap(look.width, look.height);
    if (check == PictureCheck::kDecoded) decode();
  } catch (const ImageError& error) {
    look.code = error.code;
    look.reason = error.what();
  }
  return look;
}

}  // namespace

PictureLook look_at_picture(const fs::path& path, PictureCheck check) {
  DecodeOptions options;
  options.name = path.string();
  return look_of([&] { return header_of(path, options, check); }, [&] { read_image(path, options); }, check);
}

PictureLook look_at_picture(std::span<const uint8_t> bytes, const std::string& name, PictureCheck check) {
  DecodeOptions options;
  options.name = name;
  const ImageFile file(bytes, options);
  const auto header = [&] {
    file.check_bytes();
    return read_header(file);
  };
  return look_of(
      header, [&] { decode_image(bytes, options); }, check);
}

}  // namespace fovea
