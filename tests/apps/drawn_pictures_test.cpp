#include "apps/drawn_pictures.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

Result frame_of(int64_t index, const std::string& source, const fs::path& path) {
  Result result;
  result.rgb = cv::Mat(32, 48, CV_8UC3, cv::Scalar(90, 120, 150));
  result.width = 48, result.height = 32;
  result.input = {.index = index, .source = source, .failure = {}};
  result.input.frame.emplace().rate = 10;
  result.input.picture_to = path.string();
  return result;
}

TEST(DrawnPictures, EveryVideoThatCannotHaveItsNameIsTold) {
  const TempFolder folder;
  for (const char* name : {"a.avi", "c.avi"}) fs::create_directory(folder.path() / name);
  DrawnPictures drawn({});
  int64_t index = 0;
  for (const char* name : {"a", "b", "c"}) {
    for (int i = 0; i < 3; ++i) {
      Result frame =
          frame_of(index, std::string(name) + ".mp4", folder.path() / (std::string(name) + ".avi"));
      drawn.write(frame);
      EXPECT_FALSE(frame.input.failure);
    }
    ++index;
  }
  const std::vector<Unfinished> videos = drawn.finish();
  ASSERT_EQ(videos.size(), 2u);
  EXPECT_EQ(videos[0].index, 0);
  EXPECT_EQ(videos[1].index, 2);
  EXPECT_EQ(videos[0].message, "a.mp4: " + (folder.path() / "a.avi").string() +
                                   ": cannot write it (Is a directory); choose another folder");
  EXPECT_TRUE(videos[1].message.starts_with("c.mp4: ")) << videos[1].message;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 3);  // nothing unfinished
  EXPECT_TRUE(fs::is_regular_file(folder.path() / "b.avi"));
}

}  // namespace
}  // namespace fovea
