#include "vision/page_data.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <iterator>

#include "attention/base/error.h"
#include "attention/base/rng.h"
#include "vision/page_parts.h"

namespace fovea {
namespace {

std::vector<uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

TEST(PageData, Base64OfRfc4648) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(base64(bytes_of(text)), expected);
  EXPECT_EQ(base64(std::vector<uint8_t>{0xfb, 0xff, 0xfe}), "+//+");
}

TEST(PageData, DeflatedComesBackAndHasNoHeader) {
  Rng rng(3);
  std::vector<uint8_t> bytes(100'000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i < 50'000 ? 7 : rng.next() % 12);
  const std::vector<uint8_t> packed = deflated(bytes);
  EXPECT_LT(packed.size(), 25'000u);

  std::vector<uint8_t> back(bytes.size());
  z_stream stream = {};
  ASSERT_EQ(inflateInit2(&stream, -15), Z_OK);
  stream.next_in = const_cast<uint8_t*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = back.data();
  stream.avail_out = static_cast<uInt>(back.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  inflateEnd(&stream);
  EXPECT_EQ(back, bytes);
}

TEST(PageData, ScriptsTextHasNoMarkup) {
  EXPECT_EQ(for_script(R"({"a":"</script><!-- & -->"})"),
            R"({"a":"\u003c/script\u003e\u003c!-- \u0026 --\u003e"})");
}

TEST(PageData, WhatIsFilledInIsNotFilledAgain) {
  const std::pair<std::string_view, std::string_view> parts[] = {{"a", "{{b}} $1 {{"}, {"b", "B"}};
  EXPECT_EQ(filled("<{{a}}|{{b}}>", parts), "<{{b}} $1 {{|B>");
  EXPECT_EQ(filled("plain", parts), "plain");
  EXPECT_THROW(filled("{{c}}", parts), Error);
  EXPECT_THROW(filled("{{a", parts), Error);
}

TEST(PageData, PartsAreTheFilesByteForByte) {
  const std::pair<const char*, std::string_view> parts[] = {
      {"html", page_parts::kHtml}, {"css", page_parts::kStyle}, {"js", page_parts::kScript}};
  for (const auto& [ending, part] : parts) {
    std::ifstream file(std::string(FOVEA_SOURCE_DIR "/vision/attention_page.") + ending, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(part, text) << ending;
  }
}

}  // namespace
}  // namespace fovea
