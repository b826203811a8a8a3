#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "apps/embedded_model.h"
#include "tests/apps/process.h"

namespace fovea {
namespace {

const std::string kFolder = FOVEA_SOURCE_DIR "/data/bccd-deformable";

// Two red discs and a dark one on a pale field.
std::string smear() {
  std::string text = "P3 160 120 255\n";
  const auto within = [](int x, int y, int cx, int cy, int r) {
    return (x - cx) * (x - cx) + (y - cy) * (y - cy) < r * r;
  };
  for (int y = 0; y < 120; ++y)
    for (int x = 0; x < 160; ++x)
      text += within(x, y, 40, 40, 14) || within(x, y, 100, 80, 14) ? "200 110 110\n"
              : within(x, y, 120, 30, 20)                           ? "90 50 130\n"
                                                                    : "225 215 200\n";
  return text;
}

TEST(EmbeddedDetector, IsTheDefaultOfDetect) {
  EXPECT_EQ(embedded_model("bccd-deformable"), kFolder);
  const TestFolder folder;
  folder.write("smear.ppm", smear());
  const Outcome bare = shell(folder, "$fovea detect smear.ppm --threshold 0.01 --format csv");
  ASSERT_EQ(bare.code, 0) << bare.err;
  EXPECT_GT(std::count(bare.out.begin(), bare.out.end(), '\n'), 1) << bare.out;
  EXPECT_EQ(shell(folder, "$fovea detect smear.ppm --threshold 0.01 --format csv -m '" + kFolder + "'").out,
            bare.out);
}

TEST(EmbeddedDetector, IsSmall) {
  uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) bytes += entry.file_size();
  EXPECT_GT(bytes, 1'000'000u);
  EXPECT_LE(bytes, 10'000'000u);
}

// The last value of a column of its metrics.
double promised(const std::string& column) {
  std::istringstream lines(read_file(kFolder + "/metrics.csv"));
  std::string header, last;
  std::getline(lines, header);
  for (std::string line; std::getline(lines, line);) last = line;
  std::istringstream names(header), values(last);
  std::string name, value;
  while (std::getline(names, name, ',') && std::getline(values, value, ','))
    if (name == column) return std::stod(value);
  ADD_FAILURE() << kFolder << "/metrics.csv has no " << column;
  return 0;
}

// What its card says of the 72 test pictures is what it does on them.
TEST(RealCheckpointEmbeddedDetector, ReachesItsPrecision) {
  const std::string data = FOVEA_SOURCE_DIR "/../shared/datasets/bccd";
  if (!std::filesystem::exists(data))
    GTEST_SKIP() << data << " is absent; put the reference material beside the repository";
  const TestFolder folder;
  const Outcome outcome = shell(folder, "$fovea eval detect --data '" + data + "' --split test -m '" +
                                            kFolder + "' --format json --progress none");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(report.at("pictures"), 72);
  EXPECT_NEAR(report.at("figures").at("AP50").get<double>(), promised("held_out_map50"), 2e-3);
  EXPECT_NEAR(report.at("figures").at("AP").get<double>(), promised("held_out_map"), 2e-3);
  EXPECT_GE(report.at("figures").at("AP50").get<double>(), 0.8);
}

}  // namespace
}  // namespace fovea
