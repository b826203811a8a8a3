#include "vision/page_data.h"

#include <zlib.h>

#include <algorithm>

#include "attention/base/error.h"

namespace fovea {

std::string base64(std::span<const uint8_t> bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (k < count ? bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; ++k) text += k <= count ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

namespace {

std::vector<uint8_t> deflated(std::span<const uint8_t> bytes, int strategy) {
  z_stream stream = {};
  if (deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, strategy) != Z_OK)
    fail("attention page: zlib cannot start; is memory left?");
  std::vector<uint8_t> packed(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  const int end = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (end != Z_STREAM_END) fail("attention page: zlib cannot compress ", bytes.size(), " bytes");
  return packed;
}

}  // namespace

std::vector<uint8_t> deflated(std::span<const uint8_t> bytes) {
  // Of noisy weights the first is smaller, and it costs little; of calm ones the second.
  std::vector<uint8_t> runs = deflated(bytes, Z_RLE), matches = deflated(bytes, Z_FILTERED);
  return runs.size() < matches.size() ? runs : matches;
}

std::string for_script(std::string json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else if (c == '&')
      safe += "\\u0026";
    else
      safe += c;
  }
  return safe;
}

std::string filled(std::string_view page,
                   std::span<const std::pair<std::string_view, std::string_view>> parts) {
  std::string text;
  for (;;) {
    const size_t open = page.find("{{");
    text += page.substr(0, open);
    if (open == std::string_view::npos) return text;
    const size_t close = page.find("}}", open);
    if (close == std::string_view::npos) fail("attention page: a {{ of the template is not closed");
    const std::string_view name = page.substr(open + 2, close - open - 2);
    const auto part =
        std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.first == name; });
    if (part == parts.end()) fail("attention page: the template asks for '", name, "'");
    text += part->second;
    page.remove_prefix(close + 2);
  }
}

}  // namespace fovea
