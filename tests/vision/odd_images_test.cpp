#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "tests/support/temp_folder.h"
#include "vision/decode.h"

namespace fovea {
namespace {

const std::set<std::string> kCodes = {"not_found", "unreadable", "empty",        "unsupported_format",
                                      "too_large", "truncated",  "decode_failed"};

// "picture", or the code of a refusal; a refusal is held to its form.
std::string outcome(const std::filesystem::path& path) {
  try {
    const DecodedImage image = read_image(path);
    EXPECT_EQ(image.rgb.type(), CV_8UC3) << path;
    EXPECT_GT(image.rgb.total(), 0u) << path;
    return "picture";
  } catch (const ImageError& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with(path.string() + ": ")) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_NE(message.find("; "), std::string::npos) << message << ": no next step";
    EXPECT_TRUE(kCodes.contains(error.code)) << path << ": " << error.code;
    return error.code;
  }
}

TEST(OddImages, EachIsAPictureOrAnImageError) {
  const std::string archive = FOVEA_SOURCE_DIR "/../shared/odd_images/files.tar";
  if (!std::filesystem::exists(archive))
    GTEST_SKIP() << archive << " is absent; put the reference material beside the repository";
  const TempFolder folder;
  ASSERT_EQ(std::system(("tar -xf '" + archive + "' -C '" + folder.path().string() + "'").c_str()), 0);
  silence_decoders();
  std::map<std::string, int> counts;
  int refused = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    if (!entry.is_regular_file()) continue;
    const std::string what = outcome(entry.path());
    ++counts[what];
    refused += what != "picture";
  }
  for (const auto& [what, count] : counts) std::cout << what << ": " << count << "\n";
  EXPECT_GE(counts["picture"], 1000);
  EXPECT_GE(refused, 500);
}

}  // namespace
}  // namespace fovea
