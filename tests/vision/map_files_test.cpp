#include "vision/map_files.h"

#include <unistd.h>
#include <zlib.h>

#include <cmath>
#include <cstring>
#include <map>

#include "tests/vision/picture_data.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

class MapFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / (std::string("map files ") + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::ptrdiff_t files() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
  fs::path folder_;
};

void expect_npy(const std::string& bytes, const std::string& shape, const std::vector<float>& values) {
  ASSERT_GE(bytes.size(), 128u);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\0", 8));
  const size_t length = static_cast<uint8_t>(bytes[8]) + 256u * static_cast<uint8_t>(bytes[9]);
  EXPECT_EQ((10 + length) % 64, 0u);
  const std::string header = bytes.substr(10, length);
  const std::string said = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
  EXPECT_EQ(header.substr(0, said.size()), said);
  EXPECT_EQ(header.find_first_not_of(' ', said.size()), length - 1);
  EXPECT_EQ(header.back(), '\n');
  ASSERT_EQ(bytes.size(), 10 + length + 4 * values.size());
  EXPECT_EQ(std::memcmp(bytes.data() + 10 + length, values.data(), 4 * values.size()), 0);
}

TEST_F(MapFiles, NpyIsVersionOneOfEveryRank) {
  const std::vector<float> values = {1, -2.5f, 3e-9f, 4, 5, 6};
  write_npy(folder_ / "two.npy", Tensor({2, 3}, values));
  expect_npy(read("two.npy"), "(2, 3)", values);
  write_npy(folder_ / "one.npy", Tensor({6}, values));
  expect_npy(read("one.npy"), "(6,)", values);
  write_npy(folder_ / "none.npy", Tensor(Shape{}, std::vector<float>{7}));
  expect_npy(read("none.npy"), "()", {7});
  write_npy(folder_ / "five.npy", Tensor({1, 1, 3, 1, 2}, values));
  expect_npy(read("five.npy"), "(1, 1, 3, 1, 2)", values);
  EXPECT_FALSE(complaint([&] { write_npy(folder_ / "no.npy", Tensor()); }).empty());
}

TEST_F(MapFiles, NpyOfAPictureTakesAPartOfOneToo) {
  cv::Mat whole(4, 5, CV_32F);
  for (int i = 0; i < 20; ++i) whole.at<float>(i / 5, i % 5) = static_cast<float>(i);
  write_npy(folder_ / "part.npy", whole(cv::Rect(1, 2, 3, 2)));
  expect_npy(read("part.npy"), "(2, 3)", {11, 12, 13, 16, 17, 18});
  EXPECT_FALSE(complaint([&] { write_npy(folder_ / "no.npy", cv::Mat(2, 2, CV_8U)); }).empty());
}

uint32_t big_endian(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes.at(at + i));
  return value;
}

TEST_F(MapFiles, Png16HoldsTheValuesAndTheirScale) {
  cv::Mat values = (cv::Mat_<float>(2, 3) << 0.1f, 0.3f, 0.2f, NAN, -5.f, 5.f);
  write_png16(folder_ / "map.png", values, 0.1, 0.3);
  const std::string bytes = read("map.png");
  std::map<std::string, std::string> text;
  std::string order;
  size_t at = 8;
  while (at < bytes.size()) {
    const uint32_t length = big_endian(bytes, at);
    const std::string kind = bytes.substr(at + 4, 4), body = bytes.substr(at + 8, length);
    const auto* first = reinterpret_cast<const Bytef*>(bytes.data() + at + 4);
    EXPECT_EQ(big_endian(bytes, at + 8 + length), ::crc32(0, first, length + 4)) << kind;
    if (kind == "tEXt") text[body.substr(0, body.find('\0'))] = body.substr(body.find('\0') + 1);
    order += kind + " ";
    at += 12 + length;
  }
  EXPECT_EQ(at, bytes.size());
  EXPECT_EQ(order.substr(0, 20), "IHDR tEXt tEXt IDAT ");
  EXPECT_EQ(text, (std::map<std::string, std::string>{{"fovea:low", "0.1"}, {"fovea:high", "0.3"}}));
  const cv::Mat read_back = cv::imread((folder_ / "map.png").string(), cv::IMREAD_UNCHANGED);
  ASSERT_EQ(read_back.type(), CV_16UC1);
  const std::vector<int> expected = {0, 65535, 32768, 0, 0, 65535};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(read_back.at<uint16_t>(i / 3, i % 3), expected[static_cast<size_t>(i)]) << i;
}

TEST_F(MapFiles, Png16OfOneValueIsBlackAndOfNoScaleRefused) {
  const cv::Mat values(3, 3, CV_32F, cv::Scalar(0.5));
  write_png16(folder_ / "flat.png", values, 0.5, 0.5);
  const cv::Mat flat = cv::imread((folder_ / "flat.png").string(), cv::IMREAD_UNCHANGED);
  ASSERT_EQ(flat.type(), CV_16UC1);
  EXPECT_EQ(cv::countNonZero(flat), 0);
  for (const auto& [low, high] : {std::pair<double, double>{1, 0}, {NAN, 1}, {0, INFINITY}})
    EXPECT_NE(
        complaint([&, a = low, b = high] { write_png16(folder_ / "no.png", values, a, b); }).find("no.png"),
        std::string::npos);
}

TEST_F(MapFiles, LeaveNothingBehindAndSayWhatIsWrong) {
  const cv::Mat values(2, 2, CV_32F, cv::Scalar(1));
  write_npy(folder_ / "map.npy", values);
  write_npy(folder_ / "map.npy", 2 * values);  // over the first
  EXPECT_EQ(files(), 1);
  expect_npy(read("map.npy"), "(2, 2)", {2, 2, 2, 2});
  const fs::path nowhere = folder_ / "missing" / "map.npy";
  EXPECT_EQ(complaint([&] { write_npy(nowhere, values); }),
            nowhere.string() + ": cannot write it (No such file or directory); check the folder, its " +
                "permissions and its free space");
  fs::create_directories(folder_ / "taken" / "by a folder");
  EXPECT_NE(complaint([&] { write_npy(folder_ / "taken", values); }).find("taken: cannot write it"),
            std::string::npos);
  EXPECT_EQ(files(), 2);
}

}  // namespace
}  // namespace fovea
