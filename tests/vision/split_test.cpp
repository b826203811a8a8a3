#include "vision/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "tests/support/temp_folder.h"
#include "tests/vision/picture_data.h"

namespace fovea {
namespace {

DataFiles many() {
  DataFiles files;
  for (int i = 0; i < 40; ++i) files.push_back({"big/" + std::to_string(i) + ".png", {1}});
  for (int i = 0; i < 3; ++i) files.push_back({"small/" + std::to_string(i) + ".png", {1}});
  files.push_back({"single/0.png", {1}});
  return files;
}

std::set<std::string> names(const ImageFolder& data, const std::vector<int64_t>& indices) {
  std::set<std::string> out;
  for (const int64_t i : indices) out.insert(data.picture(i).name);
  return out;
}

TEST(HoldOut, TakesItsShareOfEachClass) {
  const TempFolder folder;
  write_folder(folder.path(), many());
  const ImageFolder data = ImageFolder::open(folder.path());
  const std::map<double, std::array<int, 3>> wanted = {// of big, single, small
                                                       {0, {0, 0, 0}},
                                                       {0.01, {1, 0, 1}},
                                                       {0.25, {10, 0, 1}},
                                                       {0.5, {20, 0, 2}},
                                                       {0.99, {39, 0, 2}}};
  for (const auto& [share, counts] : wanted) {
    const Split split = hold_out(data, share, 7);
    std::array<int, 3> got{};
    for (const int64_t i : split.held_out) ++got[static_cast<size_t>(data.picture(i).label)];
    EXPECT_EQ(got, counts) << share;
    std::vector<int64_t> all = split.train;
    all.insert(all.end(), split.held_out.begin(), split.held_out.end());
    EXPECT_TRUE(std::ranges::is_sorted(split.train) && std::ranges::is_sorted(split.held_out));
    EXPECT_EQ(std::set<int64_t>(all.begin(), all.end()).size(), 44u);
    EXPECT_EQ(all.size(), 44u);
  }
  for (const double share : {-0.1, 1.0, std::nan("")}) EXPECT_THROW(hold_out(data, share, 7), Error);
}

TEST(HoldOut, DependsOnSeedAndNamesAlone) {
  const TempFolder folder;
  DataFiles files = many();
  write_folder(folder.path() / "plain", files);
  std::ranges::reverse(files);
  for (DataFile& file : files) file.name = "top/train/" + file.name;
  files.push_back({"top/test/big/0.png", {1}});
  write_tar(folder.path() / "data.tar", files);
  const ImageFolder a = ImageFolder::open(folder.path() / "plain"),
                    b = ImageFolder::open(folder.path() / "data.tar");
  EXPECT_EQ(names(a, hold_out(a, 0.3, 1).held_out), names(b, hold_out(b, 0.3, 1).held_out));
  EXPECT_NE(names(a, hold_out(a, 0.3, 1).held_out), names(a, hold_out(a, 0.3, 2).held_out));
  // More pictures of one class leave those of the others where they are.
  write_folder(folder.path() / "plain", {{"small/new.png", {1}}});
  const ImageFolder more = ImageFolder::open(folder.path() / "plain");
  const auto of_big = [](const ImageFolder& data) {
    std::set<std::string> out = names(data, hold_out(data, 0.3, 1).held_out);
    std::erase_if(out, [](const std::string& name) { return !name.starts_with("big/"); });
    return out;
  };
  EXPECT_EQ(of_big(more), of_big(a));
}

}  // namespace
}  // namespace fovea
